import { describe, expect, it } from "vitest";
import { edgesOf, lettersOf, nearest, opposite, orientationOf, referenceLine, turnOf, type Orientation, type Plane, type Vector } from "./geometry";

const AXIAL = orientationOf([1, 0, 0, 0, 1, 0]) as Orientation;
const CORONAL = orientationOf([1, 0, 0, 0, 0, -1]) as Orientation;
const SAGITTAL = orientationOf([0, 1, 0, 0, 0, -1]) as Orientation;
const edges = (orientation: Orientation, rotation = 0, h = false, v = false): string => {
  const { top, right, bottom, left } = edgesOf(turnOf(rotation, h, v), orientation, []);
  return [top, right, bottom, left].join(" ");
};

describe("letters at the edges", () => {
  it("follow the header in the three planes", () => {
    expect(edges(AXIAL)).toBe("A L P R");
    expect(edges(CORONAL)).toBe("H L F R");
    expect(edges(SAGITTAL)).toBe("H P F A");
  });

  it("follow each flip and turn", () => {
    expect(edges(AXIAL, 0, true)).toBe("A R P L");
    expect(edges(AXIAL, 0, false, true)).toBe("P L A R");
    expect(edges(AXIAL, 90)).toBe("R A L P");
    expect(edges(AXIAL, 180)).toBe("P R A L");
    expect(edges(AXIAL, 270)).toBe("L P R A");
    expect(edges(AXIAL, 90, true)).toBe("L A R P");
    expect(edges(SAGITTAL, 90)).toBe("A H P F");
  });

  it("name all directions of an oblique plane, the greatest first", () => {
    const tilt = Math.PI / 6;
    const oblique = orientationOf([1, 0, 0, 0, Math.cos(tilt), -Math.sin(tilt)]) as Orientation;
    expect(edges(oblique)).toBe("AH L PF R");
    expect(lettersOf([0.7, 0.6, 0.4])).toBe("LPH");
    expect(lettersOf([1, 0.05, 0])).toBe("L");
  });

  it("are those of Patient Orientation where nothing lies in space, and none where nothing is said", () => {
    expect(edgesOf(turnOf(0, false, false), null, ["L", "F"])).toEqual({ top: "H", right: "L", bottom: "F", left: "R" });
    expect(edgesOf(turnOf(90, false, false), null, ["A", "F"])).toEqual({ top: "P", right: "H", bottom: "A", left: "F" });
    expect(edgesOf(turnOf(0, true, false), null, ["AR", "FP"])).toEqual({ top: "HA", right: "PL", bottom: "FP", left: "AR" });
    expect(edgesOf(turnOf(0, false, false), null, [])).toEqual({ top: "", right: "", bottom: "", left: "" });
  });

  it("have no opposite in animals' terms", () => expect(opposite("LE")).toBe(""));

  it("are none for an orientation that is none", () => {
    expect(orientationOf([1, 0, 0, 1, 0, 0])).toBeNull();
    expect(orientationOf([0, 0, 0, 0, 0, 0])).toBeNull();
    expect(orientationOf([1, 0, 0])).toBeNull();
  });
});

const plane = (orientation: Orientation, position: Vector): Plane => ({ orientation, position, spacing: [1, 2], rows: 100, columns: 50 });

describe("frames in one frame of reference", () => {
  it("are linked by position, only to parallel ones", () => {
    const stack = [0, 5, 10].map((z) => plane(AXIAL, [0, 0, z]));
    expect(nearest(stack, plane(AXIAL, [30, 30, 6]))).toBe(1);
    expect(nearest(stack, plane(SAGITTAL, [0, 0, 0]))).toBeNull();
    expect(nearest([null, ...stack], plane(AXIAL, [0, 0, 99]))).toBe(3);
  });

  it("cut each other in a line", () => {
    const sagittal = plane(SAGITTAL, [20, 0, 50]);
    expect(referenceLine(plane(AXIAL, [0, 0, 0]), sagittal)?.map(([x]) => x)).toEqual([10, 10]);
    expect(referenceLine(plane(AXIAL, [0, 0, 0]), plane(AXIAL, [0, 0, 5]))).toBeNull();
    expect(referenceLine(plane(AXIAL, [0, 0, 500]), sagittal)).toBeNull();
  });
});
