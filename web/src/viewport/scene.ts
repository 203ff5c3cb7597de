// What is on the screen, as plain data, and what each act makes of it. Nothing here knows how it is drawn.
import { readLayout, layoutName, type Layout } from "./model/hanging";
import type { Window } from "./model/pixels";

export const TOOLS = ["window", "zoom", "pan", "scroll"] as const;
export type Tool = (typeof TOOLS)[number];

export interface View {
  window: Window | null; // null: what the object says
  inverted: boolean;
  zoom: number; // 1: the image fits
  pan: readonly [number, number]; // CSS pixels on the screen
  rotation: number; // degrees clockwise
  flipHorizontal: boolean;
  flipVertical: boolean;
}

export interface Pane {
  series: string | null;
  slice: number;
  view: View;
}

export interface Scene {
  layout: Layout;
  panes: readonly Pane[]; // as many as the layout has places
  active: number;
  maximised: boolean;
  tool: Tool;
  linked: boolean;
  playing: number | null; // the pane that plays
}

export const PLAIN: View = {
  window: null,
  inverted: false,
  zoom: 1,
  pan: [0, 0],
  rotation: 0,
  flipHorizontal: false,
  flipVertical: false,
};
const EMPTY: Pane = { series: null, slice: 0, view: PLAIN };
const [LEAST_ZOOM, MOST_ZOOM] = [0.1, 40];

/** A scene of a layout with series in its places, in order. */
export function sceneOf(layout: Layout, series: readonly (string | null)[]): Scene {
  const panes = Array.from({ length: layout.rows * layout.columns }, (_, at): Pane => ({ ...EMPTY, series: series[at] ?? null }));
  return { layout, panes, active: 0, maximised: false, tool: "window", linked: true, playing: null };
}

export const activePane = (scene: Scene): Pane => scene.panes[scene.active] ?? EMPTY;

function changed(scene: Scene, at: number, change: (pane: Pane) => Pane): Scene {
  return { ...scene, panes: scene.panes.map((pane, index) => (index === at ? change(pane) : pane)) };
}

/** Another layout: what was shown stays in its order, and free places take the series that are not shown yet. */
export function withLayout(scene: Scene, layout: Layout, series: readonly string[]): Scene {
  const size = layout.rows * layout.columns;
  const kept = scene.panes.slice(0, size);
  const waiting = series.filter((uid) => !kept.some((pane) => pane.series === uid));
  const panes = Array.from({ length: size }, (_, at): Pane => {
    const pane = kept[at];
    return pane?.series ? pane : { ...EMPTY, series: waiting.shift() ?? null };
  });
  return { ...scene, layout, panes, active: Math.min(scene.active, size - 1), maximised: false, playing: null };
}

/** Show a series in a pane, from its first frame and as the object says. */
export function withSeries(scene: Scene, at: number, series: string): Scene {
  const next = changed(scene, at, () => ({ ...EMPTY, series }));
  return { ...next, active: at, playing: scene.playing === at ? null : scene.playing };
}

/** The series before or after the one in the active pane, without going round. */
export function withNextSeries(scene: Scene, step: 1 | -1, series: readonly string[]): Scene {
  const at = series.indexOf(activePane(scene).series ?? "");
  const next = series[Math.min(Math.max(at + step, 0), series.length - 1)];
  return next === undefined || next === activePane(scene).series ? scene : withSeries(scene, scene.active, next);
}

export function withSlice(scene: Scene, at: number, slice: number, count: number): Scene {
  const bounded = Math.min(Math.max(slice, 0), Math.max(count - 1, 0));
  return scene.panes[at]?.slice === bounded ? scene : changed(scene, at, (pane) => ({ ...pane, slice: bounded }));
}

export function withActive(scene: Scene, at: number): Scene {
  const bounded = (at + scene.panes.length) % scene.panes.length;
  return bounded === scene.active ? scene : { ...scene, active: bounded };
}

export function withView(scene: Scene, at: number, change: (view: View) => Partial<View>): Scene {
  return changed(scene, at, (pane) => ({ ...pane, view: { ...pane.view, ...change(pane.view) } }));
}

export const zoomed = (view: View, factor: number): Partial<View> => ({
  zoom: Math.min(Math.max(view.zoom * factor, LEAST_ZOOM), MOST_ZOOM),
});

export const panned = (view: View, x: number, y: number): Partial<View> => ({ pan: [view.pan[0] + x, view.pan[1] + y] });

/** As seen on the screen: a quarter turn to the right, whatever was mirrored before. */
export const turned = (view: View, degrees: number): Partial<View> => ({ rotation: (view.rotation + degrees + 360) % 360 });

/** Mirrored on the screen: left and right change places also in an image that was turned (then its rotation runs the other way). */
export const mirrored = (view: View, axis: "horizontal" | "vertical"): Partial<View> => ({
  rotation: (360 - view.rotation) % 360,
  ...(axis === "horizontal" ? { flipHorizontal: !view.flipHorizontal } : { flipVertical: !view.flipVertical }),
});

const REACH = 400; // CSS pixels of a drag that double a window

/** Drag to the right: wider; upwards: brighter. */
export function draggedWindow(window: Window, x: number, y: number): Window {
  const width = Math.max(window.width * Math.exp((x * Math.LN2) / REACH), window.shape === "LINEAR" ? 1 : 1e-6);
  return { ...window, width, center: window.center + (y * Math.max(window.width, 1e-6)) / REACH };
}

/** Where the address keeps a scene: the layout, and of each pane the series and the slice (from 1). */
export function writeScene(scene: Scene): URLSearchParams {
  const params = new URLSearchParams({ layout: layoutName(scene.layout) });
  for (const pane of scene.panes) params.append("pane", pane.series ? `${pane.series}:${pane.slice + 1}` : "");
  if (scene.active > 0) params.set("active", String(scene.active + 1));
  if (scene.maximised) params.set("large", "1");
  return params;
}

/** The scene of an address over the one that is there; null where the address names none, or series that are not there. */
export function readScene(params: URLSearchParams, scene: Scene, series: readonly string[]): Scene | null {
  const layout = readLayout(params.get("layout"));
  if (!layout) return null;
  if (!params.has("pane")) return withLayout(scene, layout, series);
  const places = params.getAll("pane").map((text) => /^([0-9.]*)(?::(\d{1,6}))?$/.exec(text));
  const panes = Array.from({ length: layout.rows * layout.columns }, (_, at): Pane => {
    const uid = places[at]?.[1] || null;
    const slice = Math.max(Number(places[at]?.[2] ?? 1) - 1, 0);
    const before = scene.panes[at];
    if (uid === null || !series.includes(uid)) return EMPTY;
    return before?.series === uid ? { ...before, slice } : { ...EMPTY, series: uid, slice };
  });
  const active = Math.min(Math.max(Number(params.get("active") ?? 1) - 1 || 0, 0), panes.length - 1);
  return { ...scene, layout, panes, active, maximised: params.get("large") === "1", playing: null };
}
