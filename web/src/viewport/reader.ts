// One study being read: the scene, what has come of each series, and what stands in each pane; whatever changes is told at once.
import { get, type ApiError } from "../api/client";
import type { DataSet } from "./model/attributes";
import { seriesContent, type Frame, type SeriesContent } from "./model/frames";
import { areParallel, nearest } from "./model/geometry";
import { FILM_MILLISECONDS } from "./model/hanging";
import { forgetAll, hasRoom, imageIdOf, isCached, loadFrame, register, startEngine } from "./loader";
import { byTurns, FrameQueue, viewingOrder } from "./queue";
import { Engine, type Drawn } from "./reconcile";
import { withSlice, type Pane, type Scene } from "./scene";

const PARALLEL = 4; // frames ahead; the visible one is asked for beside them

export interface SeriesState {
  content: SeriesContent | null;
  error: Error | null;
  loaded: number;
  failed: number;
}

export interface PaneState {
  drawn: Drawn | null;
  error: Error | null; // of the frame that is wanted
}

export interface Snapshot {
  scene: Scene;
  series: ReadonlyMap<string, SeriesState>;
  panes: readonly PaneState[];
}

const NOTHING: PaneState = { drawn: null, error: null };
const WAITING: SeriesState = { content: null, error: null, loaded: 0, failed: 0 };

export const paneName = (at: number): string => `pane-${at}`;

export class Reader {
  private snapshot: Snapshot;
  private readonly listeners = new Set<() => void>();
  private readonly engine: Engine;
  private readonly abort = new AbortController();
  private readonly mounted = new Set<number>();
  private readonly busy = new Set<number>(); // panes that draw or wait for a frame
  private readonly frames = new Map<string, [string, Frame]>(); // by image id, with the series
  private readonly queue: FrameQueue;
  private readonly direction = new Map<number, 1 | -1>();
  private playTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly studyUid: string, scene: Scene) {
    startEngine();
    this.engine = new Engine();
    this.queue = new FrameQueue((id) => this.loadAhead(id), PARALLEL, hasRoom);
    this.snapshot = { scene, series: new Map(), panes: scene.panes.map(() => NOTHING) };
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly current = (): Snapshot => this.snapshot;

  /** End: requests are given up, memory is free again. */
  close(): void {
    clearTimeout(this.playTimer);
    this.abort.abort();
    this.queue.clear();
    this.listeners.clear();
    this.engine.destroy();
    forgetAll();
  }

  /** Put another scene in place of the present one. */
  change(next: (scene: Scene) => Scene): void {
    const before = this.snapshot.scene;
    const scene = next(before);
    if (scene === before) return;
    const panes = scene.panes.map((pane, at) =>
      pane.series === before.panes[at]?.series ? (this.snapshot.panes[at] ?? NOTHING) : NOTHING,
    );
    this.publish({ scene, panes });
    this.settle(before);
  }

  /** Scroll a pane; linked panes of the same frame of reference follow by position. */
  scroll(at: number, slice: number): void {
    const before = this.snapshot.scene.panes[at];
    if (!before) return;
    if (slice !== before.slice) this.direction.set(at, slice > before.slice ? 1 : -1);
    this.change((scene) => this.linked(withSlice(scene, at, slice, this.length(before)), at));
  }

  /** How many there are to scroll through. */
  length(pane: Pane): number {
    const content = this.content(pane);
    return content ? content.frames.length || content.things.length : 1;
  }

  frameOf(pane: Pane): Frame | null {
    return this.content(pane)?.frames[pane.slice] ?? null;
  }

  mount(at: number, element: HTMLDivElement): () => void {
    this.engine.mount(paneName(at), element);
    this.mounted.add(at);
    if (this.snapshot.panes[at]?.drawn) this.publishPane(at, NOTHING); // it was drawn on a surface that is gone
    this.settlePane(at);
    return () => {
      this.mounted.delete(at);
      if (!this.abort.signal.aborted) this.engine.unmount(paneName(at));
    };
  }

  /** The panes have another size. */
  resize(): void {
    this.engine.resize();
    this.snapshot.scene.panes.forEach((_, at) => this.turn(at));
  }

  private content(pane: Pane): SeriesContent | null {
    return pane.series === null ? null : (this.snapshot.series.get(pane.series)?.content ?? null);
  }

  private linked(scene: Scene, at: number): Scene {
    const source = scene.panes[at];
    const frame = source && this.frameOf(source);
    if (!scene.linked || !frame?.plane || !frame.frameOfReference) return scene;
    const { plane, frameOfReference } = frame;
    return scene.panes.reduce((next, pane, other) => {
      const frames = this.content(pane)?.frames ?? [];
      const shown = frames[pane.slice];
      if (other === at || shown?.frameOfReference !== frameOfReference) return next;
      if (!shown.plane || !areParallel(shown.plane, plane)) return next; // nobody's picture turns by itself
      const slice = nearest(frames.map((each) => each.plane), plane);
      return slice === null ? next : withSlice(next, other, slice, frames.length);
    }, scene);
  }

  private publish(change: Partial<Snapshot>): void {
    this.snapshot = { ...this.snapshot, ...change };
    this.listeners.forEach((listener) => listener());
  }

  private publishPane(at: number, change: Partial<PaneState>): void {
    this.publish({ panes: this.snapshot.panes.map((pane, index) => (index === at ? { ...pane, ...change } : pane)) });
  }

  private publishSeries(uid: string, change: (state: SeriesState) => Partial<SeriesState>): void {
    const state = this.snapshot.series.get(uid) ?? WAITING;
    this.publish({ series: new Map(this.snapshot.series).set(uid, { ...state, ...change(state) }) });
  }

  /** What follows from a changed scene: frames to draw, metadata to fetch, frames to load ahead, the film. */
  private settle(before: Scene): void {
    const { scene } = this.snapshot;
    scene.panes.forEach((pane, at) => {
      if (pane !== before.panes[at]) this.settlePane(at);
    });
    if (scene.playing !== before.playing) this.play();
    this.aim();
  }

  private settlePane(at: number): void {
    const pane = this.snapshot.scene.panes[at];
    if (!pane?.series) return;
    if (!this.snapshot.series.has(pane.series)) void this.fetchSeries(pane.series);
    const frame = this.frameOf(pane);
    if (!frame || !this.mounted.has(at)) return;
    if (this.snapshot.panes[at]?.drawn?.frame.id === frame.id) this.turn(at);
    else void this.bring(at);
  }

  /** The wanted frame of a pane into it; while one is on its way only the last wish counts. */
  private async bring(at: number): Promise<void> {
    if (this.busy.has(at)) return;
    this.busy.add(at);
    try {
      for (let frame = this.wish(at); frame; frame = this.wish(at)) if (!(await this.draw(at, frame))) break;
    } finally {
      this.busy.delete(at);
    }
  }

  private wish(at: number): Frame | null {
    const pane = this.snapshot.scene.panes[at];
    const frame = pane ? this.frameOf(pane) : null;
    return frame && this.mounted.has(at) && this.snapshot.panes[at]?.drawn?.frame.id !== frame.id ? frame : null;
  }

  private async draw(at: number, frame: Frame): Promise<boolean> {
    try {
      const wasCached = isCached(frame);
      await loadFrame(frame);
      if (!wasCached) this.count(frame);
      const pane = this.snapshot.scene.panes[at];
      if (this.abort.signal.aborted || !pane || !this.mounted.has(at) || this.content(pane) === null) return false;
      if (this.frameOf(pane)?.id !== frame.id) return true; // scrolled on meanwhile
      const drawn = await this.engine.draw(paneName(at), frame, pane.view);
      if (!drawn) return false;
      this.publishPane(at, { drawn, error: null });
      this.turn(at); // the view may have changed meanwhile
      return true;
    } catch (error) {
      if (this.abort.signal.aborted) return false;
      const pane = this.snapshot.scene.panes[at];
      if (pane && this.frameOf(pane)?.id !== frame.id) return true;
      this.publishPane(at, { drawn: null, error: error as ApiError });
      return false;
    }
  }

  private turn(at: number): void {
    const pane = this.snapshot.scene.panes[at];
    const frame = this.snapshot.panes[at]?.drawn?.frame;
    if (!pane || !frame || !this.mounted.has(at) || this.frameOf(pane)?.id !== frame.id) return;
    const drawn = this.engine.turn(paneName(at), frame, pane.view);
    if (drawn) this.publishPane(at, { drawn });
  }

  private async fetchSeries(uid: string): Promise<void> {
    this.publishSeries(uid, () => ({}));
    const address = `/dicomweb/studies/${this.studyUid}/series/${uid}`;
    try {
      const dataSets = await get<DataSet[]>(`${address}/metadata`, this.abort.signal);
      const content = seriesContent(uid, address, dataSets);
      register(content.frames);
      for (const frame of content.frames) this.frames.set(imageIdOf(frame), [uid, frame]);
      this.publishSeries(uid, () => ({ content }));
      this.bound(uid);
      this.snapshot.scene.panes.forEach((pane, at) => pane.series === uid && this.settlePane(at));
      this.aim();
    } catch (error) {
      if (!this.abort.signal.aborted) this.publishSeries(uid, () => ({ error: error as Error }));
    }
  }

  /** An address may ask for a slice that is not there. */
  private bound(uid: string): void {
    const { scene } = this.snapshot;
    scene.panes.forEach((pane, at) => {
      if (pane.series === uid) this.change((now) => withSlice(now, at, pane.slice, this.length(pane)));
    });
  }

  /** Load ahead: of each pane in viewing order, the active one first, by turns. */
  private aim(): void {
    const { scene } = this.snapshot;
    const lists = scene.panes.map((pane, at) => {
      const frames = this.content(pane)?.frames ?? [];
      const order = viewingOrder(frames.length, pane.slice, this.direction.get(at) ?? 1);
      return order.map((index) => imageIdOf(frames[index] as Frame));
    });
    const first = lists.splice(scene.active, 1);
    this.queue.want(byTurns([...first, ...lists]));
  }

  private async loadAhead(imageId: string): Promise<void> {
    const [uid, frame] = this.frames.get(imageId) ?? [];
    if (!uid || !frame || this.abort.signal.aborted) return;
    const wasCached = isCached(frame);
    try {
      await loadFrame(frame);
      if (!wasCached) this.count(frame);
    } catch {
      if (!this.abort.signal.aborted) this.publishSeries(uid, ({ failed }) => ({ failed: failed + 1 }));
    }
  }

  private readonly counted = new Set<string>();

  private count(frame: Frame): void {
    const uid = this.frames.get(imageIdOf(frame))?.[0];
    if (!uid || this.counted.has(frame.id)) return;
    this.counted.add(frame.id);
    this.publishSeries(uid, ({ loaded }) => ({ loaded: loaded + 1 }));
  }

  private play(): void {
    clearTimeout(this.playTimer);
    const { playing } = this.snapshot.scene;
    if (playing === null) return;
    const step = (): void => {
      const pane = this.snapshot.scene.panes[playing];
      const frame = pane && this.frameOf(pane);
      if (!pane || !frame) return;
      const started = performance.now();
      if (this.snapshot.panes[playing]?.drawn?.frame.id === frame.id) {
        this.scroll(playing, (pane.slice + 1) % Math.max(this.length(pane), 1)); // waits for a frame that has not come
      }
      this.playTimer = setTimeout(step, Math.max((frame.milliseconds ?? FILM_MILLISECONDS) - (performance.now() - started), 4));
    };
    step();
  }
}
