// Stored values of a greyscale frame to the values that are looked at: modality LUT, VOI LUT, padding (PS3.3 C.11, C.7.5.1.1.2).
import type { Lut, Values } from "./frames";

export interface Window {
  center: number;
  width: number;
  shape: "LINEAR" | "LINEAR_EXACT" | "SIGMOID";
}

export type Samples = Uint8Array | Int8Array | Uint16Array | Int16Array | Float32Array | Int32Array | Uint32Array;

export interface Seen {
  samples: Uint8Array | Int16Array | Uint16Array | Float32Array;
  low: number;
  high: number;
  window: Window; // what the object says to show, or what is there
}

const CODES = 65536;
const [LEAST, MOST] = [0.01, 0.99]; // of the values, where the object names no window

function look(lut: Lut, value: number): number {
  const index = Math.min(Math.max(Math.round(value) - lut.first, 0), lut.values.length - 1);
  return lut.values[index] ?? 0;
}

/** What full white is: the bits of the table, unless its entries exceed or never approach them. */
function whiteOf(lut: Lut): number {
  const declared = 2 ** Math.min(Math.max(lut.bits, 8), 16) - 1;
  const largest = lut.values.reduce((most, value) => Math.max(most, value), 0);
  return largest > declared / 2 && largest <= declared ? declared : Math.max(largest, 1);
}

/** The stored value in a container: above and below it may lie old overlays. */
function storedValue(code: number, values: Values, compressed: boolean): number {
  const shift = compressed ? 0 : values.highBit + 1 - values.bitsStored;
  const bits = (code >> Math.max(shift, 0)) & (2 ** values.bitsStored - 1);
  return values.signed && bits >= 2 ** (values.bitsStored - 1) ? bits - 2 ** values.bitsStored : bits;
}

function transformed(stored: number, values: Values): number {
  const output = values.modalityLut ? look(values.modalityLut, stored) : stored * values.slope + values.intercept;
  return values.voiLut ? look(values.voiLut, output) : output;
}

function isPadding(stored: number, values: Values): boolean {
  return values.padding !== null && stored >= values.padding[0] && stored <= values.padding[1];
}

interface Counted {
  value: number;
  count: number;
}

function spread(counted: Counted[]): Window {
  const sorted = [...counted].sort((one, other) => one.value - other.value);
  const total = sorted.reduce((sum, { count }) => sum + count, 0);
  const at = (share: number): number => {
    let passed = 0;
    return sorted.find(({ count }) => (passed += count) > share * (total - 1))?.value ?? 0;
  };
  let [low, high] = [at(LEAST), at(MOST)];
  if (low >= high) [low, high] = [sorted[0]?.value ?? 0, sorted.at(-1)?.value ?? 0];
  if (low >= high) return { center: low > 0 ? low - 0.5 : low + 0.5, width: 1, shape: "LINEAR_EXACT" };
  return { center: (low + high) / 2, width: high - low, shape: "LINEAR_EXACT" };
}

function shapeOf(values: Values): Window["shape"] {
  return values.voiFunction === "SIGMOID" || values.voiFunction === "LINEAR_EXACT" ? values.voiFunction : "LINEAR";
}

function windowOf(values: Values, counted: Counted[]): Window {
  if (values.voiLut) {
    const white = whiteOf(values.voiLut);
    return { center: white / 2, width: white, shape: "LINEAR_EXACT" };
  }
  const [first] = values.windows;
  return first ? { center: first.center, width: first.width, shape: shapeOf(values) } : spread(counted);
}

function typed(size: number, low: number, high: number, whole: boolean): Seen["samples"] {
  if (!whole) return new Float32Array(size);
  if (low >= 0 && high <= 255) return new Uint8Array(size);
  if (low >= -32768 && high <= 32767) return new Int16Array(size);
  return low >= 0 && high < CODES ? new Uint16Array(size) : new Float32Array(size);
}

/**
 * `decoded`: the containers of 8 or 16 bits, signed or not; `compressed`: they come from a code stream, which holds no foreign bits.
 * Padding becomes the darkest value that is there.
 */
export function seenValues(decoded: Samples, values: Values, compressed: boolean): Seen {
  const isSignedStream = compressed && !values.signed && decoded.some((value) => value < 0);
  const effective = isSignedStream ? { ...values, signed: true, bitsStored: 16 } : values;
  const counts = new Uint32Array(CODES);
  for (let at = 0; at < decoded.length; at++) counts[(decoded[at] as number) & 0xffff]! += 1;
  const table = new Float32Array(CODES);
  const paddings: number[] = [];
  const counted: Counted[] = [];
  let whole = true;
  counts.forEach((count, code) => {
    if (count === 0) return;
    const stored = storedValue(code, effective, compressed);
    if (isPadding(stored, effective)) {
      paddings.push(code);
      return;
    }
    const value = transformed(stored, effective);
    table[code] = value;
    whole &&= Number.isInteger(value);
    counted.push({ value, count });
  });
  const low = counted.reduce((least, { value }) => Math.min(least, value), counted[0]?.value ?? 0);
  const high = counted.reduce((most, { value }) => Math.max(most, value), counted[0]?.value ?? 0);
  for (const code of paddings) table[code] = values.inverse ? high : low;
  const samples = typed(decoded.length, low, high, whole);
  for (let at = 0; at < decoded.length; at++) samples[at] = table[(decoded[at] as number) & 0xffff] as number;
  return { samples, low, high, window: windowOf(values, counted) };
}

/** The values at black and at white (PS3.3 C.11.2.1.2, C.11.2.1.3.2). */
export function rangeOf(window: Window): { lower: number; upper: number } {
  if (window.shape === "LINEAR_EXACT") {
    return { lower: window.center - window.width / 2, upper: window.center + window.width / 2 };
  }
  const half = Math.max(window.width - 1, 1e-3) / 2;
  return { lower: window.center - 0.5 - half, upper: window.center - 0.5 + half };
}
