// Columns: as set, within bounds, and never none.
import { describe, expect, it } from "vitest";
import { moved, readColumns, sized, toggled, USUAL } from "./columns";

const ids = (columns: { id: string }[]) => columns.map(({ id }) => id);

describe("columns", () => {
  it("are the usual ones where nothing is set, or nothing that is known", () => {
    expect(ids(readColumns(undefined))).toEqual([...USUAL]);
    expect(ids(readColumns([{ id: "mood" }]))).toEqual([...USUAL]);
  });
  it("come and go, the last one stays", () => {
    const columns = readColumns([{ id: "name" }, { id: "date" }]);
    expect(ids(toggled(columns, "description"))).toEqual(["name", "description", "date"]);
    expect(ids(toggled(columns, "name"))).toEqual(["date"]);
    expect(ids(toggled(toggled(columns, "name"), "date"))).toEqual(["date"]);
  });
  it("move and are sized within bounds", () => {
    const columns = readColumns([{ id: "name" }, { id: "date" }, { id: "images" }]);
    expect(ids(moved(columns, 2, 0))).toEqual(["images", "name", "date"]);
    expect(ids(moved(columns, 0, -1))).toEqual(["name", "date", "images"]);
    expect(sized(columns, "date", 3)[1]).toEqual({ id: "date", width: 40 });
    expect(sized(columns, "date", 211.6)[1]?.width).toBe(212);
  });
});
