// What a reader does with keys: each act changes the scene.
import { useKeys } from "../../keys/use_keys";
import { LAYOUTS, presetsOf, readLayout } from "../../viewport/model/hanging";
import type { Reader } from "../../viewport/reader";
import {
  activePane, mirrored, PLAIN, turned, withActive, withLayout, withNextSeries, withSlice, withView, zoomed,
  type Scene, type Tool, type View,
} from "../../viewport/scene";

export interface Acts {
  reader: Reader;
  series: string[];
  leave: () => void;
  go: (step: 1 | -1) => void;
  showSeries: (uid: string, at: number | null) => void; // null: in the active viewport
}

const ZOOM_STEP = 1.25;
const TEN = 10;

export function viewAct(reader: Reader, change: (view: View) => Partial<View>): void {
  reader.change((scene) => withView(scene, scene.active, change));
}

export const pickTool = (reader: Reader, tool: Tool): void => reader.change((scene) => ({ ...scene, tool }));

export function pickLayout({ reader, series }: Acts, name: (typeof LAYOUTS)[number]): void {
  const layout = readLayout(name);
  if (layout) reader.change((scene) => withLayout(scene, layout, series));
}

/** A preset by its key; 0 is what the object says. */
export function pickPreset(reader: Reader, key: string): void {
  const pane = activePane(reader.current().scene);
  const modality = pane.series === null ? null : (reader.current().series.get(pane.series)?.content?.modality ?? null);
  const preset = presetsOf(modality).find((each) => each.key === key);
  if (preset) viewAct(reader, () => ({ window: { center: preset.center, width: preset.width, shape: "LINEAR" } }));
  else if (key === "0") viewAct(reader, () => ({ window: null }));
}

export const toggleCine = (reader: Reader): void =>
  reader.change((scene) => ({ ...scene, playing: scene.playing === scene.active ? null : scene.active }));
export const toggleLinked = (reader: Reader): void => reader.change((scene) => ({ ...scene, linked: !scene.linked }));
export const toggleMaximised = (reader: Reader): void =>
  reader.change((scene) => ({ ...scene, maximised: !scene.maximised && scene.panes.length > 1 }));

function scroll(reader: Reader, to: (slice: number, count: number) => number): void {
  const { scene } = reader.current();
  const pane = activePane(scene);
  const count = reader.length(pane);
  reader.scroll(scene.active, withSlice(scene, scene.active, to(pane.slice, count), count).panes[scene.active]?.slice ?? 0);
}

export function useReadKeys(acts: Acts): void {
  const { reader } = acts;
  const view = (change: (view: View) => Partial<View>) => () => viewAct(reader, change);
  const tool = (name: Tool) => () => pickTool(reader, name);
  const scene = (change: (scene: Scene) => Scene) => () => reader.change(change);
  const digits = Object.fromEntries([..."0123456789"].map((key) => [key, () => pickPreset(reader, key)]));
  const back = (): void => (reader.current().scene.maximised ? toggleMaximised(reader) : acts.leave());
  useKeys({
    ...digits,
    ArrowDown: () => scroll(reader, (slice) => slice + 1),
    ArrowUp: () => scroll(reader, (slice) => slice - 1),
    "Shift+ArrowDown": () => scroll(reader, (slice) => slice + TEN),
    "Shift+ArrowUp": () => scroll(reader, (slice) => slice - TEN),
    Home: () => scroll(reader, () => 0),
    End: () => scroll(reader, (_, count) => count - 1),
    PageDown: scene((now) => withNextSeries(now, 1, acts.series)),
    PageUp: scene((now) => withNextSeries(now, -1, acts.series)),
    ArrowRight: scene((now) => withActive(now, now.active + 1)),
    ArrowLeft: scene((now) => withActive(now, now.active - 1)),
    w: tool("window"),
    z: tool("zoom"),
    p: tool("pan"),
    s: tool("scroll"),
    i: view(({ inverted }) => ({ inverted: !inverted })),
    r: view((now) => turned(now, 90)),
    R: view((now) => turned(now, -90)),
    h: view((now) => mirrored(now, "horizontal")),
    v: view((now) => mirrored(now, "vertical")),
    "+": view((now) => zoomed(now, ZOOM_STEP)),
    "-": view((now) => zoomed(now, 1 / ZOOM_STEP)),
    "=": view(() => ({ zoom: 1, pan: [0, 0] })),
    " ": view(() => PLAIN),
    c: () => toggleCine(reader),
    y: () => toggleLinked(reader),
    g: () => toggleMaximised(reader),
    n: () => acts.go(1),
    N: () => acts.go(-1),
    Escape: back,
  });
}
