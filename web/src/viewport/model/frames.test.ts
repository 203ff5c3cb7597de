import { describe, expect, it } from "vitest";
import type { DataSet } from "./attributes";
import { differentPatients, seriesContent } from "./frames";

const value = (...values: unknown[]) => ({ Value: values });
const image = (uid: string, instance: number, more: DataSet = {}): DataSet => ({
  "00080018": value(uid),
  "00080060": value("CT"),
  "00200013": value(instance),
  "00280002": value(1),
  "00280004": value("MONOCHROME2"),
  "00280010": value(4),
  "00280011": value(6),
  "00280100": value(16),
  "7FE00010": { BulkDataURI: "x" },
  ...more,
});
const content = (...dataSets: DataSet[]) => seriesContent("1.2", "/s", dataSets);

describe("a series", () => {
  it("is in the order of its instance numbers, frames within", () => {
    const { frames } = content(image("b", 10), image("a", 2, { "00280008": value(2) }));
    expect(frames.map((frame) => frame.address)).toEqual(["/s/instances/a/frames/1", "/s/instances/a/frames/2", "/s/instances/b/frames/1"]);
  });

  it("takes geometry and values of the frame, then of all frames, then of the object", () => {
    const shared = { "00289110": value({ "00280030": value(0.5, 0.4) }), "00209116": value({ "00200037": value(1, 0, 0, 0, 1, 0) }) };
    const own = (z: number) => ({ "00209113": value({ "00200032": value(0, 0, z) }), "00289145": value({ "00281052": value(-z), "00281053": value(1) }) });
    const { frames } = content(image("a", 1, { "00280008": value(2), "52009229": value(shared), "52009230": value(own(3), own(7)) }));
    expect(frames.map((frame) => [frame.plane?.position[2], frame.plane?.spacing, frame.values.intercept])).toEqual([
      [3, [0.5, 0.4], -3],
      [7, [0.5, 0.4], -7],
    ]);
  });

  it("has pixels that are not square, by spacing or aspect ratio", () => {
    expect(content(image("a", 1, { "00280034": value("2", "1") })).frames[0]?.aspect).toEqual([2, 1]);
    expect(content(image("a", 1, { "00280030": value(0.3, 0.6) })).frames[0]?.aspect).toEqual([0.3, 0.6]);
  });

  it("decodes grey here and lets the server paint colours and odd depths", () => {
    const source = (more: DataSet) => content(image("a", 1, more)).frames[0]?.source;
    expect(source({})).toBe("stored");
    expect(source({ "00280002": value(3), "00280004": value("RGB") })).toBe("painted");
    expect(source({ "00280004": value("PALETTE COLOR") })).toBe("painted");
    expect(source({ "00280100": value(32) })).toBe("painted");
    expect(source({ "00280100": value(1) })).toBe("painted");
  });

  it("is inverse by its photometric interpretation, unless the presentation LUT says otherwise", () => {
    const inverse = (more: DataSet) => content(image("a", 1, more)).frames[0]?.values.inverse;
    expect(inverse({ "00280004": value("MONOCHROME1") })).toBe(true);
    expect(inverse({ "00280004": value("MONOCHROME1"), "20500020": value("IDENTITY") })).toBe(false);
    expect(inverse({ "20500020": value("INVERSE") })).toBe(true);
  });

  it("keeps what is no image beside it", () => {
    const report = { "00080016": value("1.2.840.10008.5.1.4.1.1.88.33"), "00080018": value("r") };
    const film = image("v", 1, { "00080016": value("1.2.840.10008.5.1.4.1.1.77.1.1.1") });
    const withoutPixels: DataSet = { ...image("n", 1), "00080016": value("1.2.840.10008.5.1.4.1.1.1") };
    delete withoutPixels["7FE00010"];
    const { frames, things } = content(report, film, withoutPixels);
    expect(frames).toEqual([]);
    expect(things.map(({ how }) => how).sort()).toEqual(["card", "page", "video"]);
  });

  it("knows when it holds two patients", () => {
    const of = (name: string, id: string): DataSet => image(name, 1, { "00100010": value({ Alphabetic: name }), "00100020": value(id) });
    expect(content(of("Doe^Jane", "1"), of("DOE^JANE", "1")).patients).toHaveLength(1);
    expect(content(of("Doe^Jane", "1"), of("Roe^Jane", "1")).patients).toHaveLength(2);
    expect(differentPatients([])).toEqual([]);
  });
});
