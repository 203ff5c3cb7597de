// Where the pixels of a frame come from: as they are stored and decoded here, decompressed by the server, or painted by it.
import { number, text, type DataSet } from "./attributes";
import type { Values } from "./frames";

export type Source = "stored" | "painted";

/** Transfer syntaxes that the decoders of this application give exactly as the server's do. */
const DECODED = [
  "1.2.840.10008.1.2.1",
  "1.2.840.10008.1.2.5",
  "1.2.840.10008.1.2.4.70",
  "1.2.840.10008.1.2.4.80",
  "1.2.840.10008.1.2.4.81",
  "1.2.840.10008.1.2.4.90",
  "1.2.840.10008.1.2.4.91",
  "1.2.840.10008.1.2.4.201",
  "1.2.840.10008.1.2.4.202",
  "1.2.840.10008.1.2.4.203",
] as const;

const NATIVE = "1.2.840.10008.1.2.1";

/** What is asked for: as stored where it can be decoded here (PS3.18 8.7.3.3), else decompressed. */
export const ACCEPTED: string = [
  ...DECODED.filter((uid) => uid !== NATIVE).map((uid) => `application/octet-stream; transfer-syntax=${uid}`),
  `application/octet-stream; transfer-syntax=${NATIVE}; q=0.5`,
].join(", ");

/** The transfer syntax that an answer names; native where it names none. */
export function transferSyntaxOf(contentType: string | null): string {
  return /transfer-syntax="?([0-9.]+)/.exec(contentType ?? "")?.[1] ?? NATIVE;
}

/**
 * Greyscale is decoded here, to its values. Colour is painted by the server, losslessly and in the size of the image: there every
 * colour space, palette and profile is converted, and the browser's own decoders would not.
 */
export function sourceOf(dataSet: DataSet, values: Values): Source {
  const isInteger = dataSet["7FE00008"] === undefined && dataSet["7FE00009"] === undefined;
  const isGrey = (number(dataSet, "00280002") ?? 1) === 1 && (text(dataSet, "00280004") ?? "").startsWith("MONOCHROME");
  const isWord = values.bitsAllocated === 8 || values.bitsAllocated === 16;
  return isInteger && isGrey && isWord ? "stored" : "painted";
}
