// The address holds the list's state, and nothing that is not one.
import { describe, expect, it } from "vitest";
import { listQuery, readList, writeList } from "./list";

const read = (query: string) => readList(new URLSearchParams(query));

describe("the address", () => {
  it("gives back what was written into it", () => {
    const query = "text=nov%C3%A1k&sounds=1&modality=CT%2CMR&part=CHEST%5CHEAD&site=St.+Anna%2C+Berlin&status=arriving&period=7d&sort=name&selected=1.2.3&preview=0";
    expect(writeList(read(query)).toString()).toBe(query);
  });
  it("is empty for the list as it starts", () => {
    expect(writeList(read("")).toString()).toBe("");
  });
  it("is read leniently", () => {
    const state = read("modality=CT,<b>,&period=never&from=20261399&sort=-password");
    expect(state).toMatchObject({ modalities: ["CT"], period: null, from: "", sort: { field: "date", descending: true } });
  });
});

describe("the question to the server", () => {
  const now = new Date(2026, 2, 3, 8, 0);
  it("makes a relative period absolute", () => {
    expect(listQuery(read("period=7d"), now)).toBe("from=20260225&sort=-date");
    expect(listQuery(read("period=today&text= x "), now)).toBe("text=x&from=20260303&sort=-date");
  });
  it("asks for values as DICOM parts them, and for sounds only where there is a name", () => {
    const asked = new URLSearchParams(listQuery(read("part=CHEST%5CHEAD&site=St.+Anna%2C+Berlin&sounds=1"), now));
    expect(asked.get("body_part")).toBe("CHEST\\HEAD");
    expect(asked.get("institution")).toBe("St. Anna, Berlin");
    expect(asked.get("sounds")).toBe(null);
    expect(listQuery(read("text=maier&sounds=1"), now)).toBe("text=maier&sounds=true&sort=-date");
  });
  it("has both days of a chosen range", () => {
    expect(listQuery(read("from=20260101&to=20260131&sort=name"), now)).toBe("from=20260101&to=20260131&sort=name");
  });
});
