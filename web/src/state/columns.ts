// Which columns the study list shows, in which order and how wide: as the user has set it, else as it starts.
import type { ColumnSetting } from "../api/types";

export const COLUMN_IDS = [
  "name", "patient_id", "birth_date", "modality", "description", "body_part", "date", "series", "images", "accession",
  "referrer", "institution", "received", "warnings",
] as const; // prettier-ignore
export type ColumnId = (typeof COLUMN_IDS)[number];
export interface Column {
  id: ColumnId;
  width: number; // CSS pixels
}

export const NARROWEST = 40;
export const WIDEST = 1200;
export const STEP = 16; // pixels by which a key widens a column

const WIDTHS: Record<ColumnId, number> = {
  name: 320, patient_id: 120, birth_date: 100, modality: 98, description: 260, body_part: 110, date: 134, series: 62,
  images: 72, accession: 124, referrer: 150, institution: 160, received: 152, warnings: 40,
}; // prettier-ignore
/** Where the user has set nothing: the style sheet gives these their widths and leaves some out where there is no room. */
export const USUAL: readonly ColumnId[] = [
  "name", "modality", "description", "date", "series", "images", "accession", "received", "warnings",
]; // prettier-ignore

const isColumn = (id: string): id is ColumnId => (COLUMN_IDS as readonly string[]).includes(id);

export const widthWithin = (width: number): number => Math.round(Math.min(WIDEST, Math.max(NARROWEST, width)));

export function readColumns(set: ColumnSetting[] | undefined): Column[] {
  const known = (set ?? USUAL.map((id) => ({ id }))).flatMap(({ id, width }: ColumnSetting) =>
    isColumn(id) ? [{ id, width: widthWithin(width ?? WIDTHS[id]) }] : [],
  );
  return known.length > 0 ? known : readColumns(undefined);
}

/** The columns with one shown or hidden; a new one comes where it usually stands. The last one stays. */
export function toggled(columns: Column[], id: ColumnId): Column[] {
  const without = columns.filter((column) => column.id !== id);
  if (without.length < columns.length) return without.length > 0 ? without : columns;
  const before = COLUMN_IDS.slice(0, COLUMN_IDS.indexOf(id));
  const at = columns.reduce((found, column, index) => (before.includes(column.id) ? index + 1 : found), 0);
  return [...columns.slice(0, at), { id, width: WIDTHS[id] }, ...columns.slice(at)];
}

/** A list with one entry moved to another place. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const rest = list.filter((_, index) => index !== from);
  const entry = list[from];
  if (entry === undefined || to < 0 || to >= list.length) return [...list];
  return [...rest.slice(0, to), entry, ...rest.slice(to)];
}

export const sized = (columns: Column[], id: ColumnId, width: number): Column[] =>
  columns.map((column) => (column.id === id ? { id, width: widthWithin(width) } : column));
