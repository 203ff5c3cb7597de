// Reading one data set of the DICOM JSON model (PS3.18 F): first values, numbers, sequences.

export interface Element {
  vr?: string;
  Value?: unknown[];
  InlineBinary?: string;
  BulkDataURI?: string;
}

export type DataSet = Record<string, Element>;

/** The first value as text; null where there is none. */
export function text(dataSet: DataSet, tag: string): string | null {
  const value = dataSet[tag]?.Value?.[0];
  if (typeof value === "string") return value.trim() || null;
  if (typeof value === "number") return String(value);
  return null;
}

/** All values that are numbers, DS and IS as text included. */
export function numbers(dataSet: DataSet, tag: string): number[] {
  return (dataSet[tag]?.Value ?? [])
    .map((value) => (typeof value === "string" && value.trim() !== "" ? Number(value) : value))
    .filter((value): value is number => typeof value === "number" && Number.isFinite(value));
}

export const number = (dataSet: DataSet, tag: string): number | null => numbers(dataSet, tag)[0] ?? null;

/** All values as texts. */
export const texts = (dataSet: DataSet, tag: string): string[] =>
  (dataSet[tag]?.Value ?? []).filter((value): value is string => typeof value === "string").map((value) => value.trim());

export const items = (dataSet: DataSet, tag: string): DataSet[] =>
  (dataSet[tag]?.Value ?? []).filter((value): value is DataSet => typeof value === "object" && value !== null);

export const item = (dataSet: DataSet, tag: string): DataSet => items(dataSet, tag)[0] ?? {};

/** The alphabetic group of a PN value, and the ideographic one. */
export function personName(dataSet: DataSet, tag: string): { alphabetic: string | null; ideographic: string | null } {
  const value = (dataSet[tag]?.Value?.[0] ?? {}) as { Alphabetic?: string; Ideographic?: string };
  return { alphabetic: value.Alphabetic ?? null, ideographic: value.Ideographic ?? null };
}

/** Little-endian words of a binary element that came with the metadata; null where it lies elsewhere. */
export function words(element: Element | undefined): Uint16Array | null {
  if (element?.InlineBinary !== undefined) {
    const bytes = Uint8Array.from(atob(element.InlineBinary), (character) => character.charCodeAt(0));
    return new Uint16Array(bytes.buffer, 0, bytes.length >> 1);
  }
  const values = element?.Value;
  return values ? Uint16Array.from(values as number[]) : null;
}
