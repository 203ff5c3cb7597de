// The scene onto the engine: each pane's series, frame and view, and where its pixels have come to lie on the screen.
import { Enums, getShouldUseCPURendering, RenderingEngine, type StackViewport, type Types } from "@cornerstonejs/core";
import type { Frame } from "./model/frames";
import type { Point, Turn } from "./model/geometry";
import { rangeOf, type Window } from "./model/pixels";
import { imageIdOf, loadedOf } from "./loader";
import type { View } from "./scene";

const ENGINE = "filmless";

/** Where the image lies on the screen, CSS pixels of the pane: of the image's upper left corner, and of a step along a row and a column. */
export interface Placement {
  origin: Point;
  row: Point;
  column: Point;
}

export interface Drawn {
  frame: Frame;
  window: Window;
  placement: Placement;
}

/** The directions of rows and columns on the screen, of length 1. */
export function turnOfPlacement({ row, column }: Placement): Turn {
  const unit = ([x, y]: Point): Point => {
    const length = Math.hypot(x, y) || 1;
    return [x / length, y / length];
  };
  return { row: unit(row), column: unit(column) };
}

export const onScreen = (placement: Placement, [column, row]: Point): Point => [
  placement.origin[0] + column * placement.row[0] + row * placement.column[0],
  placement.origin[1] + column * placement.row[1] + row * placement.column[1],
];

/** One engine with a viewport for each mounted pane. */
export class Engine {
  private readonly engine = new RenderingEngine(ENGINE);
  private readonly stacks = new Map<string, string>(); // pane to what it holds

  mount(pane: string, element: HTMLDivElement): void {
    this.engine.enableElement({
      viewportId: pane,
      type: Enums.ViewportType.STACK,
      element,
      defaultOptions: { background: [0, 0, 0] },
    });
    this.stacks.delete(pane);
  }

  unmount(pane: string): void {
    this.stacks.delete(pane);
    this.engine.disableElement(pane);
  }

  resize(): void {
    this.engine.resize(true, false);
  }

  destroy(): void {
    this.engine.destroy();
  }

  /** Draw a frame that is in the cache, as the view says; tells where it lies then. */
  async draw(pane: string, frame: Frame, view: View): Promise<Drawn | null> {
    const viewport = this.engine.getViewport(pane) as StackViewport | undefined;
    if (!viewport) return null;
    const imageId = imageIdOf(frame);
    if (this.stacks.get(pane) !== imageId) {
      await viewport.setStack([imageId], 0);
      this.stacks.set(pane, imageId);
    }
    return this.turn(pane, frame, view);
  }

  /** The same frame, seen differently. */
  turn(pane: string, frame: Frame, view: View): Drawn | null {
    const viewport = this.engine.getViewport(pane) as StackViewport | undefined;
    if (!viewport || this.stacks.get(pane) !== imageIdOf(frame)) return null;
    const window = this.show(viewport, frame, view);
    place(viewport, view);
    viewport.render();
    return { frame, window, placement: placementOf(viewport, frame) };
  }

  private show(viewport: StackViewport, frame: Frame, view: View): Window {
    const window = view.window ?? loadedOf(frame)?.window ?? { center: 128, width: 256, shape: "LINEAR" };
    const isSigmoid = window.shape === "SIGMOID" && !getShouldUseCPURendering();
    viewport.setProperties({
      ...(frame.source === "stored" ? { voiRange: rangeOf(window) } : {}),
      ...(isSigmoid ? { VOILUTFunction: Enums.VOILUTFunctionType.SAMPLED_SIGMOID } : {}),
      invert: view.inverted !== (frame.source === "stored" && frame.values.inverse),
    });
    return window;
  }
}

function place(viewport: StackViewport, view: View): void {
  viewport.resetCamera();
  viewport.setCamera({ flipHorizontal: view.flipHorizontal, flipVertical: view.flipVertical });
  viewport.setViewPresentation({ rotation: view.rotation } as Types.ViewPresentation);
  viewport.setZoom(getShouldUseCPURendering() ? viewport.getZoom() * view.zoom : view.zoom);
  if (view.pan[0] === 0 && view.pan[1] === 0) return;
  const { clientWidth, clientHeight } = viewport.element;
  const centre = viewport.canvasToWorld([clientWidth / 2, clientHeight / 2]);
  const wanted = viewport.canvasToWorld([clientWidth / 2 - view.pan[0], clientHeight / 2 - view.pan[1]]);
  const { focalPoint, position } = viewport.getCamera();
  const shifted = (point: Types.Point3 | undefined): Types.Point3 =>
    [0, 1, 2].map((axis) => (point?.[axis] ?? 0) + (wanted[axis] ?? 0) - (centre[axis] ?? 0)) as Types.Point3;
  if (getShouldUseCPURendering()) viewport.setCamera({ focalPoint: wanted });
  else viewport.setCamera({ focalPoint: shifted(focalPoint), position: shifted(position) });
}

function placementOf(viewport: StackViewport, frame: Frame): Placement {
  const at = (column: number, row: number): Types.Point2 =>
    viewport.worldToCanvas([column * frame.aspect[1], row * frame.aspect[0], 0]);
  const [origin, right, down] = [at(0, 0), at(frame.columns, 0), at(0, frame.rows)];
  const step = (to: Types.Point2, count: number): Point => [(to[0] - origin[0]) / count, (to[1] - origin[1]) / count];
  return { origin: [origin[0], origin[1]], row: step(right, frame.columns), column: step(down, frame.rows) };
}
