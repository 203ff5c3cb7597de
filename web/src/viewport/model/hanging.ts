// Tables: layouts, how a study is hung by its modality, window presets, what is played as a film.

export interface Layout {
  rows: number;
  columns: number;
}

/** Rows by columns, as the menu and the address have them. */
export const LAYOUTS = ["1x1", "1x2", "2x1", "2x2", "2x3", "3x2", "3x3", "3x4", "4x4"] as const;

export const layoutName = ({ rows, columns }: Layout): string => `${rows}x${columns}`;

export function readLayout(name: string | null): Layout | null {
  if (!(LAYOUTS as readonly string[]).includes(name ?? "")) return null;
  const [rows = 1, columns = 1] = (name ?? "").split("x").map(Number);
  return { rows, columns };
}

/** The greatest layout that a modality's studies are hung in; fewer series take the smallest one that holds them. */
const LARGEST: Record<string, Layout> = {
  CT: { rows: 2, columns: 2 },
  MR: { rows: 2, columns: 2 },
  PT: { rows: 2, columns: 2 },
  DX: { rows: 1, columns: 2 },
  CR: { rows: 1, columns: 2 },
  MG: { rows: 1, columns: 4 },
  US: { rows: 2, columns: 2 },
};
const OTHERWISE: Layout = { rows: 1, columns: 2 };
const GROWING = ["1x1", "1x2", "2x2"] as const;

/** The first layout of a study: as many viewports as it has series, up to what its modality is read in. */
export function hung(modalities: readonly string[], series: number): Layout {
  const largest = modalities.map((code) => LARGEST[code]).find((layout) => layout) ?? OTHERWISE;
  const places = Math.min(series, largest.rows * largest.columns, 4);
  const fitting = GROWING.map(readLayout).find((layout) => layout !== null && layout.rows * layout.columns >= places);
  return fitting ?? { rows: 2, columns: 2 };
}

/** Made of other images, or about them: they come after what was acquired. */
const ABOUT_OTHERS = new Set(["SEG", "RTSTRUCT", "RTDOSE", "RTPLAN", "REG", "PR", "KO", "SR", "DOC", "M3D"]);

interface Hangable {
  modality: string | null;
  thumbnail: string | null;
}

/** Series in the order in which viewports take them: acquired images, then images about others, then what is no image. */
export function hangingOrder<T extends Hangable>(series: readonly T[]): T[] {
  const rank = ({ modality, thumbnail }: T): number => (thumbnail === null ? 2 : ABOUT_OTHERS.has(modality ?? "") ? 1 : 0);
  return [...series].sort((one, other) => rank(one) - rank(other));
}

export interface Preset {
  key: string;
  name: string; // of the text
  center: number;
  width: number;
}

const CT_PRESETS: Preset[] = [
  { key: "1", name: "softTissue", width: 400, center: 40 },
  { key: "2", name: "lung", width: 1500, center: -600 },
  { key: "3", name: "liver", width: 150, center: 90 },
  { key: "4", name: "bone", width: 2500, center: 480 },
  { key: "5", name: "brain", width: 80, center: 40 },
  { key: "6", name: "stroke", width: 40, center: 40 },
  { key: "7", name: "subdural", width: 215, center: 75 },
  { key: "8", name: "mediastinum", width: 350, center: 50 },
  { key: "9", name: "angiography", width: 600, center: 200 },
];

/** Only values of a known scale have presets: Hounsfield units. */
export const presetsOf = (modality: string | null): Preset[] => (modality === "CT" ? CT_PRESETS : []);

export const FILM_MILLISECONDS = 66; // of a frame, where the object names no time
