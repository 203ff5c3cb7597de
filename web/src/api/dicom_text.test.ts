// Names, dates and ages as people read them.
import { describe, expect, it } from "vitest";
import { ageAt, dayFromToday, formatDate, formatMoment, formatName, formatRecentDate, formatTime, parseDate } from "./dicom_text";

describe("formatName", () => {
  it.each([
    ["Novák^Eva", null, "Novák, Eva"],
    ["Adams^John Robert Quincy^^Rev.^B.A. M.Div.", null, "Adams, John Robert Quincy B.A. M.Div."],
    ["Doe^Jane^Mary^Dr", null, "Doe, Jane Mary"],
    ["Yamada^Tarou", "山田^太郎", "Yamada, Tarou (山田 太郎)"],
    ["Yamada^Tarou=山田^太郎=やまだ^たろう", null, "Yamada, Tarou (山田 太郎)"],
    ["", "山田^太郎", "山田 太郎"],
    ["ANONYMOUS", null, "ANONYMOUS"],
    ["^Madonna", null, "Madonna"],
    [" Smith ^ Ann  Lee ", null, "Smith, Ann Lee"],
    [null, null, ""],
    ["^^^^", "", ""],
    ["قباني^لنزار", null, "\u2068قباني, لنزار\u2069"],
    ["Sharon^Deborah", "שרון^דבורה", "Sharon, Deborah (\u2068שרון דבורה\u2069)"],
  ])("%s with %s reads %s", (name, ideographic, wanted) => {
    expect(formatName(name, ideographic)).toBe(wanted);
  });
});

describe("dates and times", () => {
  it("are shown in the reader's language", () => {
    expect(formatDate("20260301", "en-GB")).toBe("1 Mar 2026");
    expect(formatDate("20260301", "de-DE")).toBe("01.03.2026");
    expect(formatDate("1998.05.07", "en-GB")).toBe("7 May 1998");
  });
  it("are shown as received when they are no day", () => {
    expect(formatDate("20260231", "en-GB")).toBe("20260231");
    expect(formatDate("unknown", "en-GB")).toBe("unknown");
    expect(formatDate(null, "en-GB")).toBe("");
    expect(parseDate("20251301")).toBeNull();
  });
  it("are called today and yesterday when they are", () => {
    const now = new Date(2026, 2, 1, 0, 10);
    expect(formatRecentDate("20260301", "en-GB", now)).toBe("Today");
    expect(formatRecentDate("2026.02.28", "de-DE", now)).toBe("Gestern");
    expect(formatRecentDate("20260302", "en-GB", now)).toBe("2 Mar 2026");
    expect(formatRecentDate("soon", "en-GB", now)).toBe("soon");
  });
  it("never convert a time of the sender", () => {
    expect(formatTime("133742.123")).toBe("13:37");
    expect(formatTime("07")).toBe("07:00");
    expect(formatTime("13:37:42")).toBe("13:37");
    expect(formatTime("99")).toBe("");
    expect(formatTime(null)).toBe("");
  });
  it("show nothing for a moment that is none", () => {
    expect(formatMoment("", "en-GB")).toBe("");
    expect(formatMoment("2026-03-01T10:00:00Z", "en-GB")).toContain("2026");
  });
});

describe("ageAt", () => {
  it("counts whole years, and months below two years", () => {
    expect(ageAt("19610402", "20260401")).toEqual({ unit: "years", count: 64 });
    expect(ageAt("19610402", "20260402")).toEqual({ unit: "years", count: 65 });
    expect(ageAt("20250115", "20260301")).toEqual({ unit: "months", count: 13 });
  });
  it("is unknown for dates that cannot be", () => {
    expect(ageAt("20260301", "20250301")).toBeNull();
    expect(ageAt("17000101", "20260301")).toBeNull();
    expect(ageAt(null, "20260301")).toBeNull();
  });
});

it("a day relative to today crosses months", () => {
  expect(dayFromToday(-6, new Date(2026, 2, 3))).toBe("20260225");
});
