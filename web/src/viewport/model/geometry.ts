// Where an image lies in the patient (PS3.3 C.7.6.2.1.1), and the letters at its edges (PS3.3 C.7.6.1.1.1).

export type Vector = readonly [number, number, number];
export type Point = readonly [number, number];

export const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];
export const subtract = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const scaled = (a: Vector, factor: number): Vector => [a[0] * factor, a[1] * factor, a[2] * factor];
const sum = (a: Vector, b: Vector): Vector => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];

/** Direction cosines of rows and columns: the vectors to the right and downwards in the image as stored. */
export interface Orientation {
  row: Vector;
  column: Vector;
}

const UNIT_TOLERANCE = 0.01;

/** Image Orientation (Patient); null where its six values are no pair of orthogonal unit vectors. */
export function orientationOf(values: readonly number[]): Orientation | null {
  if (values.length !== 6) return null;
  const row = values.slice(0, 3) as unknown as Vector;
  const column = values.slice(3, 6) as unknown as Vector;
  const isUnit = [row, column].every((vector) => Math.abs(Math.sqrt(dot(vector, vector)) - 1) < UNIT_TOLERANCE);
  return isUnit && Math.abs(dot(row, column)) < UNIT_TOLERANCE ? { row, column } : null;
}

export const normalOf = (orientation: Orientation): Vector => cross(orientation.row, orientation.column);

const LETTERS = [
  ["L", "R"],
  ["P", "A"],
  ["H", "F"],
] as const; // towards plus and minus of x, y and z of the patient
const LEAST = 0.1; // a component smaller than this (some 6 degrees) is not worth a letter
const MOST_LETTERS = 3;

/** Letters of a direction in the patient, the greatest component first; empty for no direction. */
export function lettersOf(direction: Vector): string {
  const length = Math.sqrt(dot(direction, direction));
  if (!(length > 0)) return "";
  return direction
    .map((component, axis) => ({ size: Math.abs(component) / length, letter: LETTERS[axis]?.[component > 0 ? 0 : 1] ?? "" }))
    .filter(({ size }) => size >= LEAST)
    .sort((one, other) => other.size - one.size)
    .slice(0, MOST_LETTERS)
    .map(({ letter }) => letter)
    .join("");
}

const OPPOSITE: Record<string, string> = { L: "R", R: "L", A: "P", P: "A", H: "F", F: "H" };

/** The letters of the opposite side; empty where one of them has none (as in LE, RT of animals). */
export function opposite(letters: string): string {
  const turned = [...letters].map((letter) => OPPOSITE[letter] ?? "");
  return turned.includes("") ? "" : turned.join("");
}

export interface Edges {
  top: string;
  right: string;
  bottom: string;
  left: string;
}

const NO_EDGES: Edges = { top: "", right: "", bottom: "", left: "" };

/** How an image is turned on the screen: what its rows and columns point to, in screen axes (right, down). */
export interface Turn {
  row: Point;
  column: Point;
}

/** First mirrored, then turned clockwise by degrees, as it is drawn. */
export function turnOf(rotation: number, flipHorizontal: boolean, flipVertical: boolean): Turn {
  const angle = (rotation * Math.PI) / 180;
  const [x, y] = [flipHorizontal ? -1 : 1, flipVertical ? -1 : 1];
  return { row: [x * Math.cos(angle), x * Math.sin(angle)], column: [-y * Math.sin(angle), y * Math.cos(angle)] };
}

function alongScreen(axis: 0 | 1, turn: Turn, orientation: Orientation): Vector {
  return sum(scaled(orientation.row, turn.row[axis]), scaled(orientation.column, turn.column[axis]));
}

/** Letters of an image without orientation in space, from Patient Orientation (0020,0020); only upright ones have any. */
function labelled(turn: Turn, patientOrientation: readonly string[]): Edges {
  const [row = "", column = ""] = patientOrientation;
  const towards = (axis: 0 | 1): string => {
    if (Math.abs(turn.row[axis]) > 0.99) return turn.row[axis] > 0 ? row : opposite(row);
    if (Math.abs(turn.column[axis]) > 0.99) return turn.column[axis] > 0 ? column : opposite(column);
    return "";
  };
  const [right, bottom] = [towards(0), towards(1)];
  return { right, bottom, left: opposite(right), top: opposite(bottom) };
}

/** The letters at the edges of the screen; none where the object says nothing of its orientation. */
export function edgesOf(turn: Turn, orientation: Orientation | null, patientOrientation: readonly string[]): Edges {
  if (orientation) {
    const right = alongScreen(0, turn, orientation);
    const down = alongScreen(1, turn, orientation);
    return {
      right: lettersOf(right),
      left: lettersOf(scaled(right, -1)),
      bottom: lettersOf(down),
      top: lettersOf(scaled(down, -1)),
    };
  }
  return patientOrientation.length === 2 ? labelled(turn, patientOrientation) : NO_EDGES;
}

/** A frame in space: what is needed to relate it to others. */
export interface Plane {
  orientation: Orientation;
  position: Vector; // of the centre of the first pixel, mm
  spacing: Point; // between rows, between columns, mm
  rows: number;
  columns: number;
}

/** How far a frame lies along its normal, mm. */
export const depthOf = (plane: Plane): number => dot(plane.position, normalOf(plane.orientation));

const PARALLEL = 0.99;

export const areParallel = (one: Plane, other: Plane): boolean =>
  Math.abs(dot(normalOf(one.orientation), normalOf(other.orientation))) >= PARALLEL;

/** The frame of a stack that lies nearest to another one in parallel, or null where none is parallel to it. */
export function nearest(planes: readonly (Plane | null)[], to: Plane): number | null {
  const normal = normalOf(to.orientation);
  const depth = dot(to.position, normal);
  let best: { index: number; distance: number } | null = null;
  planes.forEach((plane, index) => {
    if (!plane || !areParallel(plane, to)) return;
    const distance = Math.abs(dot(plane.position, normal) - depth);
    if (best === null || distance < best.distance) best = { index, distance };
  });
  return (best as { index: number } | null)?.index ?? null;
}

/** Where another frame cuts this one, as two points in columns and rows of this frame; null where they are parallel or apart. */
export function referenceLine(on: Plane, of: Plane): [Point, Point] | null {
  const normal = normalOf(on.orientation);
  const corners = cornersOf(of);
  const side = corners.map((corner) => dot(subtract(corner, on.position), normal));
  if (areParallel(on, of)) return null;
  const cuts: Vector[] = [];
  corners.forEach((corner, index) => {
    const after = (index + 1) % corners.length;
    const [here, there] = [side[index] ?? 0, side[after] ?? 0];
    const next = corners[after];
    if (next && here * there < 0) cuts.push(sum(corner, scaled(subtract(next, corner), here / (here - there))));
  });
  const [first, second] = cuts.map((cut) => toPixel(on, cut));
  return first && second ? [first, second] : null;
}

function cornersOf(plane: Plane): Vector[] {
  const right = scaled(plane.orientation.row, plane.spacing[1] * plane.columns);
  const down = scaled(plane.orientation.column, plane.spacing[0] * plane.rows);
  return [plane.position, sum(plane.position, right), sum(sum(plane.position, right), down), sum(plane.position, down)];
}

function toPixel(plane: Plane, point: Vector): Point {
  const from = subtract(point, plane.position);
  return [dot(from, plane.orientation.row) / plane.spacing[1], dot(from, plane.orientation.column) / plane.spacing[0]];
}
