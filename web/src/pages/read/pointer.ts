// Mouse and touch on an image. Left: the tool; middle: pan; right: zoom; wheel: scroll; one finger scrolls or pans, two zoom and pan.
import { useEffect, type RefObject } from "react";
import type { Reader } from "../../viewport/reader";
import { draggedWindow, panned, withView, zoomed, type Tool, type View } from "../../viewport/scene";

type Act = (x: number, y: number) => void;

const PIXELS_PER_SLICE = 8;
const PIXELS_PER_NOTCH = 40; // of wheels that count in pixels
const [FAST, FINE] = [4, 0.25];
const ZOOM_REACH = 200; // CSS pixels of a drag that zoom by e

const BUTTONS: Partial<Record<number, Tool>> = { 1: "pan", 2: "zoom" };

export function usePointer(surface: RefObject<HTMLDivElement | null>, at: number, reader: Reader): void {
  useEffect(() => {
    const element = surface.current;
    if (!element) return;
    const hands = new Hands(element, at, reader);
    return hands.listen();
  }, [surface, at, reader]);
}

class Hands {
  private readonly down = new Map<number, { x: number; y: number }>();
  private tool: Tool | null = null;
  private left = 0; // of a movement, not yet a whole slice

  constructor(
    private readonly element: HTMLDivElement,
    private readonly at: number,
    private readonly reader: Reader,
  ) {}

  listen(): () => void {
    const end = new AbortController();
    const options = { signal: end.signal };
    this.element.addEventListener("pointerdown", (event) => this.press(event), options);
    this.element.addEventListener("pointermove", (event) => this.move(event), options);
    this.element.addEventListener("pointerup", (event) => this.release(event), options);
    this.element.addEventListener("pointercancel", (event) => this.release(event), options);
    this.element.addEventListener("wheel", (event) => this.wheel(event), { ...options, passive: false });
    return () => end.abort();
  }

  private press(event: PointerEvent): void {
    this.down.set(event.pointerId, { x: event.clientX, y: event.clientY });
    this.element.setPointerCapture(event.pointerId);
    this.left = 0;
    if (event.pointerType === "touch") this.tool = this.count() > 1 ? "scroll" : "pan";
    else this.tool = BUTTONS[event.button] ?? this.reader.current().scene.tool;
    if (event.button === 1) event.preventDefault(); // the browser's own scrolling
  }

  private release(event: PointerEvent): void {
    this.down.delete(event.pointerId);
    if (this.down.size === 0) this.tool = null;
  }

  private move(event: PointerEvent): void {
    const from = this.down.get(event.pointerId);
    if (!from || !this.tool) return;
    const before = this.spread();
    this.down.set(event.pointerId, { x: event.clientX, y: event.clientY });
    const [x, y] = [event.clientX - from.x, event.clientY - from.y];
    if (this.down.size > 1) {
      this.view((view) => ({ ...zoomed(view, before > 0 ? this.spread() / before : 1), ...panned(view, x / this.down.size, y / this.down.size) }));
      return;
    }
    const pace = event.ctrlKey ? FAST : event.shiftKey ? FINE : 1;
    this.acts[this.tool](x * pace, y * pace);
  }

  private readonly acts: Record<Tool, Act> = {
    window: (x, y) => {
      const drawn = this.reader.current().panes[this.at]?.drawn;
      if (drawn) this.view((view) => ({ window: draggedWindow(view.window ?? drawn.window, x, y) }));
    },
    zoom: (_, y) => this.view((view) => zoomed(view, Math.exp(-y / ZOOM_REACH))),
    pan: (x, y) => this.view((view) => panned(view, x, y)),
    scroll: (_, y) => this.scroll(y / PIXELS_PER_SLICE),
  };

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    const notches = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY / PIXELS_PER_NOTCH : Math.sign(event.deltaY);
    if (event.ctrlKey) this.view((view) => zoomed(view, Math.exp(-notches / 8)));
    else this.scroll(Math.abs(notches) >= 1 ? Math.sign(notches) : notches);
  }

  private scroll(slices: number): void {
    this.left += slices;
    const whole = Math.trunc(this.left);
    this.left -= whole;
    const pane = this.reader.current().scene.panes[this.at];
    if (whole !== 0 && pane) this.reader.scroll(this.at, pane.slice + whole);
  }

  private view(change: (view: View) => Partial<View>): void {
    this.reader.change((scene) => withView(scene, this.at, change));
  }

  private count(): number {
    const pane = this.reader.current().scene.panes[this.at];
    return pane ? this.reader.length(pane) : 1;
  }

  /** How far two fingers are from each other. */
  private spread(): number {
    const [one, other] = [...this.down.values()];
    return one && other ? Math.hypot(one.x - other.x, one.y - other.y) : 0;
  }
}
