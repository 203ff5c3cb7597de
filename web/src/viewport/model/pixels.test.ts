import { describe, expect, it } from "vitest";
import type { Values } from "./frames";
import { rangeOf, seenValues } from "./pixels";

const PLAIN: Values = {
  bitsAllocated: 16, bitsStored: 16, highBit: 15, signed: false, slope: 1, intercept: 0, modalityLut: null, voiLut: null,
  windows: [], voiFunction: null, padding: null, inverse: false,
};
const seen = (stored: number[], values: Partial<Values>, compressed = false) =>
  seenValues(Uint16Array.from(stored), { ...PLAIN, ...values }, compressed);

describe("what is seen of stored values", () => {
  it("is Hounsfield units by slope and intercept", () => {
    expect([...seen([0, 1024, 2048], { intercept: -1024 }).samples]).toEqual([-1024, 0, 1024]);
    expect([...seen([1, 2], { slope: 0.5 }).samples]).toEqual([0.5, 1]);
  });

  it("has the sign of its bits, and nothing of the bits above them", () => {
    expect([...seen([0x0fff, 0xf001], { signed: true, bitsStored: 12, highBit: 11 }).samples]).toEqual([-1, 1]);
    expect([...seen([0xf00a], { bitsStored: 12, highBit: 11 }).samples]).toEqual([10]);
    expect([...seen([0x0ab0], { bitsStored: 8, highBit: 11 }).samples]).toEqual([0xab]);
    expect([...seenValues(Int16Array.from([-5, 7]), PLAIN, true).samples]).toEqual([-5, 7]);
    expect([...seenValues(Uint8Array.from([255, 1]), { ...PLAIN, bitsAllocated: 8, bitsStored: 8, highBit: 7, signed: true }, false).samples]).toEqual([-1, 1]);
  });

  it("passes the modality LUT and the VOI LUT, ends held beyond them", () => {
    const modalityLut = { first: 10, values: Uint16Array.from([100, 200, 300]), bits: 16 };
    expect([...seen([5, 11, 99], { modalityLut }).samples]).toEqual([100, 200, 300]);
    const voiLut = { first: -1, values: Uint16Array.from([0, 128, 255]), bits: 8 };
    const shown = seen([0, 1, 2], { intercept: -1, voiLut, windows: [{ center: 5, width: 5, name: null }] });
    expect([...shown.samples]).toEqual([0, 128, 255]);
    expect(rangeOf(shown.window)).toEqual({ lower: 0, upper: 255 });
  });

  it("leaves padding out of the window and makes it dark", () => {
    const shown = seen([0, 100, 200, 65000], { padding: [65000, 65000] });
    expect([...shown.samples]).toEqual([0, 100, 200, 0]);
    expect(shown.high).toBe(200);
    expect([...seen([0, 100, 0], { padding: [0, 0], inverse: true }).samples]).toEqual([100, 100, 100]);
  });

  it("has the window of the object, else what is there", () => {
    expect(seen([0, 9], { windows: [{ center: 40, width: 400, name: null }] }).window).toEqual({ center: 40, width: 400, shape: "LINEAR" });
    expect(seen([0, 10], { voiFunction: "SIGMOID", windows: [{ center: 4, width: 4, name: null }] }).window.shape).toBe("SIGMOID");
    expect(rangeOf(seen([7, 7, 107], {}).window)).toEqual({ lower: 7, upper: 107 });
  });
});

describe("a window", () => {
  it("has the limits of PS3.3 C.11.2.1.2", () => {
    expect(rangeOf({ center: 2048, width: 4096, shape: "LINEAR" })).toEqual({ lower: 0, upper: 4095 });
    expect(rangeOf({ center: 50, width: 100, shape: "LINEAR_EXACT" })).toEqual({ lower: 0, upper: 100 });
  });
});
