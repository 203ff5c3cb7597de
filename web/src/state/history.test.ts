// Studies stand on the timeline by their dates; the address holds what is shown of them.
import { describe, expect, it } from "vitest";
import type { PatientStudy } from "../api/patients";
import { bodyParts, isShown, mainModalities, monthOf, readShown, spanOf, writeShown } from "./history";
import { patientQuery } from "./patients";

const study = (date: string | null, modalities: string[], parts: (string | null)[] = []): PatientStudy =>
  ({ date, modalities, series: parts.map((body_part) => ({ body_part })) }) as PatientStudy;
const ALL = { from: null, to: null, modality: null, part: null };

describe("the timeline", () => {
  it("spans whole years from the first study to the last", () => {
    const span = spanOf([study("20230615", ["CT"]), study(null, ["CT"]), study("20260101", ["MR"])]);
    expect(span).toEqual({ from: 2023 * 12, to: 2026 * 12 + 11 });
    expect(spanOf([study("unknown", ["CT"])])).toBeNull();
  });
  it("draws a study by its images, and by documents only where there is nothing else", () => {
    expect(mainModalities(study(null, ["CT", "SR"]))).toEqual(["CT"]);
    expect(mainModalities(study(null, ["SR"]))).toEqual(["SR"]);
    expect(bodyParts(study(null, [], ["chest", "CHEST ", null, "ABDOMEN"]))).toEqual(["ABDOMEN", "CHEST"]);
  });
});

describe("what is shown", () => {
  it("is narrowed by month, modality and body part", () => {
    const one = study("20230615", ["CT", "SR"], ["CHEST"]);
    const june = monthOf("20230601");
    expect(isShown(one, { ...ALL, from: june, to: june })).toBe(true);
    expect(isShown(one, { ...ALL, to: (june ?? 0) - 1 })).toBe(false);
    expect(isShown(one, { ...ALL, modality: "SR", part: "CHEST" })).toBe(true);
    expect(isShown(one, { ...ALL, part: "HEAD" })).toBe(false);
    expect(isShown(study(null, ["CT"]), { ...ALL, from: june })).toBe(false);
    expect(isShown(study(null, ["CT"]), ALL)).toBe(true);
  });
  it("is written in the address and read back, leniently", () => {
    const address = "from=2023-06&to=2024-12&modality=CT&part=CHEST";
    expect(writeShown(readShown(new URLSearchParams(address))).toString()).toBe(address);
    expect(readShown(new URLSearchParams("from=2023-13&to=x"))).toEqual(ALL);
  });
});

describe("the search of patients", () => {
  it("takes a date with separators for a birth date", () => {
    expect(patientQuery(" novák 1961-04-02 ")).toBe("text=nov%C3%A1k&birth_date=19610402");
    expect(patientQuery("2.4.1961")).toBe("birth_date=19610402");
    expect(patientQuery("19610402")).toBe("text=19610402");
    expect(patientQuery("31.2.1961")).toBe("text=31.2.1961");
    expect(patientQuery("")).toBe("");
  });
});
