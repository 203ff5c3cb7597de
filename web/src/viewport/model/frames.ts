// What a series holds, as one list in viewing order: frames to look at, and objects that are shown in other ways.
import { item, items, number, numbers, personName, text, texts, words, type DataSet } from "./attributes";
import { depthOf, orientationOf, type Orientation, type Plane, type Point, type Vector } from "./geometry";
import { sourceOf, type Source } from "./source";

export interface Lut {
  first: number;
  values: Uint16Array;
  bits: number;
}

/** Stored values to what is seen (PS3.3 C.11.1, C.11.2, C.7.6.3). */
export interface Values {
  bitsAllocated: number;
  bitsStored: number;
  highBit: number;
  signed: boolean;
  slope: number;
  intercept: number;
  modalityLut: Lut | null;
  voiLut: Lut | null;
  windows: { center: number; width: number; name: string | null }[];
  voiFunction: string | null;
  padding: [number, number] | null;
  inverse: boolean; // the lowest values are white
}

export interface Frame {
  id: string; // of the frame, for caches
  address: string; // the DICOMweb resource of the frame
  instanceUid: string;
  frameNumber: number;
  instanceNumber: number | null;
  rows: number;
  columns: number;
  samples: number;
  photometric: string;
  planar: number;
  aspect: Point; // height and width of a pixel in any unit: its spacing, or its aspect ratio
  spacing: Point | null; // mm, where the object says so
  orientation: Orientation | null; // also where nothing says where the frame lies
  plane: Plane | null;
  patientOrientation: string[];
  laterality: string | null;
  frameOfReference: string | null;
  lossy: { ratio: number | null } | null;
  values: Values;
  source: Source;
  milliseconds: number | null; // how long a frame of a film is shown
}

/** An object without frames that are looked at: shown as what the server makes of it. */
export interface Thing {
  id: string;
  address: string; // the DICOMweb resource of the instance
  instanceUid: string;
  sopClass: string;
  instanceNumber: number | null;
  how: "page" | "drawing" | "pdf" | "video" | "card";
}

/** Whose a series is, as its own objects say; a study may hold those of two. */
export interface Whose {
  name: string | null;
  name_ideographic: string | null;
  id: string | null;
  issuer: string | null;
  birth_date: string | null;
  sex: string | null;
}

export interface SeriesContent {
  seriesUid: string;
  modality: string | null;
  description: string | null;
  number: number | null;
  studyDate: string | null;
  patients: Whose[]; // different ones only
  frames: Frame[];
  things: Thing[];
}

const VIDEO = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.77\.1\.(1|2|4)\.1$/;
const WAYS: [RegExp, Thing["how"]][] = [
  [VIDEO, "video"],
  [/^1\.2\.840\.10008\.5\.1\.4\.1\.1\.88\./, "page"], // structured reports, key object selections
  [/^1\.2\.840\.10008\.5\.1\.4\.1\.1\.104\.2$/, "page"], // encapsulated CDA
  [/^1\.2\.840\.10008\.5\.1\.4\.1\.1\.104\.1$/, "pdf"],
  [/^1\.2\.840\.10008\.5\.1\.4\.1\.1\.9\./, "drawing"], // waveforms
];

function lutOf(dataSet: DataSet, sequence: string, signed: boolean): Lut | null {
  const lut = item(dataSet, sequence);
  const [, first, bits] = numbers(lut, "00283002");
  const values = words(lut["00283006"]);
  if (first === undefined || bits === undefined || !values || values.length === 0) return null;
  const bytes = bits <= 8 && values.every((value) => value > 255) ? null : values; // two entries in a word: leave it to the server
  return bytes && { first: signed ? (first << 16) >> 16 : first, values: bytes, bits };
}

/** The macro of a functional group, of the frame or shared; the data set itself for objects without groups. */
function group(dataSet: DataSet, frame: DataSet, shared: DataSet, tag: string): DataSet {
  return items(frame, tag)[0] ?? items(shared, tag)[0] ?? dataSet;
}

function windowsOf(dataSet: DataSet): Values["windows"] {
  const widths = numbers(dataSet, "00281051");
  const names = texts(dataSet, "00281055");
  return numbers(dataSet, "00281050")
    .map((center, index) => ({ center, width: widths[index] ?? 0, name: names[index] || null }))
    .filter(({ width }) => width > 0);
}

function valuesOf(dataSet: DataSet, transformation: DataSet, voi: DataSet): Values {
  const signed = number(dataSet, "00280103") === 1;
  const bitsStored = number(dataSet, "00280101") ?? number(dataSet, "00280100") ?? 8;
  const low = number(dataSet, "00280120");
  const limit = number(dataSet, "00280121") ?? low;
  const toSigned = (value: number): number => (signed && value >= 2 ** (bitsStored - 1) ? value - 2 ** bitsStored : value);
  const padding = low === null || limit === null ? null : [toSigned(low), toSigned(limit)].sort((a, b) => a - b);
  const shape = text(dataSet, "20500020");
  return {
    bitsAllocated: number(dataSet, "00280100") ?? 8,
    bitsStored,
    highBit: number(dataSet, "00280102") ?? bitsStored - 1,
    signed,
    slope: number(transformation, "00281053") ?? 1,
    intercept: number(transformation, "00281052") ?? 0,
    modalityLut: lutOf(dataSet, "00283000", signed),
    voiLut: lutOf(voi, "00283010", signed),
    windows: windowsOf(voi),
    voiFunction: text(voi, "00281056"),
    padding: padding as [number, number] | null,
    inverse: shape ? shape === "INVERSE" : text(dataSet, "00280004") === "MONOCHROME1",
  };
}

function pair(values: number[]): Point | null {
  const [first, second] = values;
  return first !== undefined && second !== undefined && first > 0 && second > 0 ? [first, second] : null;
}

function lossyOf(dataSet: DataSet): Frame["lossy"] {
  const ratio = numbers(dataSet, "00282112").at(-1) ?? null;
  return text(dataSet, "00282110") === "01" ? { ratio } : null;
}

function millisecondsOf(dataSet: DataSet, index: number): number | null {
  const time = number(dataSet, "00181063");
  const rate = number(dataSet, "00082144") ?? number(dataSet, "00180040");
  const vector = numbers(dataSet, "00181065")[index + 1];
  if (time) return time;
  return vector || (rate ? 1000 / rate : null);
}

function planeOf(orientation: Orientation | null, position: number[], spacing: Point | null, size: Point): Plane | null {
  if (!orientation || position.length !== 3 || !spacing) return null;
  return { orientation, position: position as unknown as Vector, spacing, rows: size[0], columns: size[1] };
}

function framesOf(dataSet: DataSet, address: string): Frame[] {
  const shared = item(dataSet, "52009229");
  const each = items(dataSet, "52009230");
  const count = number(dataSet, "00280008") ?? 1;
  const [rows, columns] = [number(dataSet, "00280010") ?? 0, number(dataSet, "00280011") ?? 0];
  return Array.from({ length: count }, (_, index): Frame => {
    const own = each[index] ?? {};
    const of = (tag: string): DataSet => group(dataSet, own, shared, tag);
    const measures = of("00289110");
    const spacing = pair(numbers(measures, "00280030")) ?? pair(numbers(dataSet, "00181164"));
    const orientation = orientationOf(numbers(of("00209116"), "00200037"));
    const values = valuesOf(dataSet, of("00289145"), of("00289132"));
    return {
      id: `${address}/frames/${index + 1}`,
      address: `${address}/frames/${index + 1}`,
      instanceUid: text(dataSet, "00080018") ?? "",
      frameNumber: index + 1,
      instanceNumber: number(dataSet, "00200013"),
      rows,
      columns,
      samples: number(dataSet, "00280002") ?? 1,
      photometric: text(dataSet, "00280004") ?? "MONOCHROME2",
      planar: number(dataSet, "00280006") ?? 0,
      aspect: spacing ?? pair(numbers(dataSet, "00280034")) ?? [1, 1],
      spacing,
      orientation,
      plane: planeOf(orientation, numbers(of("00209113"), "00200032"), spacing, [rows, columns]),
      patientOrientation: orientation ? [] : texts(dataSet, "00200020"),
      laterality: text(of("00209071"), "00209072") ?? text(dataSet, "00200062") ?? text(dataSet, "00200060"),
      frameOfReference: text(dataSet, "00200052"),
      lossy: lossyOf(dataSet),
      values,
      source: sourceOf(dataSet, values),
      milliseconds: millisecondsOf(dataSet, index),
    };
  });
}

function thingOf(dataSet: DataSet, address: string): Thing {
  const sopClass = text(dataSet, "00080016") ?? "";
  const how = WAYS.find(([pattern]) => pattern.test(sopClass))?.[1] ?? "card";
  return {
    id: address,
    address,
    instanceUid: text(dataSet, "00080018") ?? "",
    sopClass,
    instanceNumber: number(dataSet, "00200013"),
    how,
  };
}

function isLookedAt(dataSet: DataSet): boolean {
  const hasPixels = ["7FE00010", "7FE00008", "7FE00009"].some((tag) => dataSet[tag]);
  const hasSize = (number(dataSet, "00280010") ?? 0) > 0 && (number(dataSet, "00280011") ?? 0) > 0;
  return hasPixels && hasSize && !VIDEO.test(text(dataSet, "00080016") ?? "");
}

/** By instance number, then position along the normal, then frame; an order that is the same each time. */
function byViewing(one: Frame, other: Frame): number {
  const last = Number.MAX_SAFE_INTEGER;
  const depth = (frame: Frame): number => (frame.plane ? depthOf(frame.plane) : 0);
  return (
    (one.instanceNumber ?? last) - (other.instanceNumber ?? last) ||
    (one.instanceUid === other.instanceUid ? one.frameNumber - other.frameNumber : 0) ||
    depth(one) - depth(other) ||
    (one.instanceUid < other.instanceUid ? -1 : 1)
  );
}

/** `dataSets`: the metadata of the series as the archive gives them; `address`: the DICOMweb resource of the series. */
export function seriesContent(seriesUid: string, address: string, dataSets: readonly DataSet[]): SeriesContent {
  const frames: Frame[] = [];
  const things: Thing[] = [];
  for (const dataSet of dataSets) {
    const instance = `${address}/instances/${text(dataSet, "00080018") ?? ""}`;
    if (isLookedAt(dataSet)) frames.push(...framesOf(dataSet, instance));
    else things.push(thingOf(dataSet, instance));
  }
  frames.sort(byViewing);
  things.sort((one, other) => (one.instanceNumber ?? 0) - (other.instanceNumber ?? 0));
  const first = dataSets[0] ?? {};
  return {
    seriesUid,
    modality: text(first, "00080060"),
    description: text(first, "0008103E"),
    number: number(first, "00200011"),
    studyDate: text(first, "00080020"),
    patients: differentPatients(dataSets.map(whoseOf)),
    frames,
    things,
  };
}

function whoseOf(dataSet: DataSet): Whose {
  const { alphabetic, ideographic } = personName(dataSet, "00100010");
  return {
    name: alphabetic,
    name_ideographic: ideographic,
    id: text(dataSet, "00100020"),
    issuer: text(dataSet, "00100021"),
    birth_date: text(dataSet, "00100030"),
    sex: text(dataSet, "00100040"),
  };
}

const plainName = (name: string | null): string => (name ?? "").toUpperCase().replace(/[\^\s]+/g, " ").trim();

/** Each person once: another identifier, name or birth date is another person until somebody says otherwise. */
export function differentPatients(patients: readonly Whose[]): Whose[] {
  const key = (whose: Whose): string =>
    JSON.stringify([whose.id, whose.issuer, plainName(whose.name ?? whose.name_ideographic), whose.birth_date]);
  return [...new Map(patients.map((whose) => [key(whose), whose])).values()];
}
