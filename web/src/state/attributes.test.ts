// Attributes become rows that can be folded, searched and named; paths are those that DCMTK takes.
import { describe, expect, it } from "vitest";
import { attributeRows, nameOf, type DataSet } from "./attributes";

const NAMES = {
  "00080018": "SOPInstanceUID", "00081115": "ReferencedSeriesSequence", "0020000E": "SeriesInstanceUID",
  "00100010": "PatientName", "60xx3000": "OverlayData", "7FE00010": "PixelData",
};
const DATA: DataSet = {
  "00100010": { vr: "PN", Value: [{ Alphabetic: "Yamada^Tarou", Phonetic: "やまだ" }] },
  "00080018": { vr: "UI", Value: ["1.2.3"] },
  "00081115": { vr: "SQ", Value: [{ "0020000E": { vr: "UI", Value: ["1.9"] } }, {}] },
  "00290010": { vr: "LO", Value: ["ACME 1.1"] },
  "00291001": { vr: "OB", InlineBinary: "AAECAw==" },
  "00331001": { vr: "UN", Value: [1, null, "x"] },
  "60023000": { vr: "OW" },
  "7FE00010": { vr: "OW", BulkDataURI: "https://other.example/dicomweb/studies/1/bulkdata/7FE00010" },
};
const rows = (toggled: string[] = [], search = "") => attributeRows(DATA, NAMES, new Set(toggled), search);

describe("the tree", () => {
  it("is in the order of tags, with sequences folded", () => {
    expect(rows().map((row) => row.tag)).toEqual([
      "(0008,0018)", "(0008,1115)", "(0010,0010)", "(0029,0010)", "(0029,1001)", "(0033,1001)", "(6002,3000)", "(7FE0,0010)",
    ]);
    expect(rows()[1]).toMatchObject({ items: 2, open: false, name: "ReferencedSeriesSequence" });
  });
  it("unfolds a sequence to its items, each of which can be folded", () => {
    const open = rows(["00081115"]);
    expect(open.slice(1, 5).map((row) => [row.id, row.depth, row.open])).toEqual([
      ["00081115", 0, true], ["00081115/0", 1, true], ["00081115/0/0020000E", 2, null], ["00081115/1", 1, true],
    ]);
    expect(open[3]?.path).toBe("(0008,1115)[0].(0020,000E)");
    expect(rows(["00081115", "00081115/0"]).map((row) => row.id)).not.toContain("00081115/0/0020000E");
  });
  it("writes values as they are told apart in DICOM, and says how large binary ones are", () => {
    const text = (tag: string) => rows().find((row) => row.tag === tag);
    expect(text("(0010,0010)")?.text).toBe("Yamada^Tarou==やまだ");
    expect(text("(0033,1001)")?.text).toBe("1\\\\x");
    expect(text("(0029,1001)")?.bytes).toBe(4);
    expect(text("(7FE0,0010)")?.address).toBe("/dicomweb/studies/1/bulkdata/7FE00010");
  });
  it("is searched by tag, name and value, in folded sequences too", () => {
    expect(rows([], "1.9").map((row) => row.id)).toEqual(["00081115", "00081115/0", "00081115/0/0020000E"]);
    expect(rows([], "patientname").map((row) => row.id)).toEqual(["00100010"]);
    expect(rows([], "7fe0,0010").map((row) => row.id)).toEqual(["7FE00010"]);
    expect(rows([], "nothing like it")).toEqual([]);
  });
});

describe("names", () => {
  it("come from the dictionary, of repeating groups too", () => {
    expect(nameOf("60023000", DATA, NAMES)).toEqual({ name: "OverlayData", known: true });
  });
  it("are those of who defined a private attribute", () => {
    expect(nameOf("00290010", DATA, NAMES)).toEqual({ name: "PrivateCreator", known: true });
    expect(nameOf("00291001", DATA, NAMES)).toEqual({ name: "ACME 1.1", known: false });
    expect(nameOf("00331001", DATA, NAMES)).toEqual({ name: "", known: false });
    expect(nameOf("0008FFFF", DATA, NAMES)).toEqual({ name: "", known: false });
  });
});
