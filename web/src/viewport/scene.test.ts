import { describe, expect, it } from "vitest";
import { edgesOf, orientationOf, turnOf } from "./model/geometry";
import { hangingOrder, hung } from "./model/hanging";
import {
  activePane, draggedWindow, mirrored, panned, PLAIN, readScene, sceneOf, turned, withLayout, withNextSeries, withSeries, withSlice,
  withView, writeScene, zoomed, type View,
} from "./scene";

const SERIES = ["1.1", "1.2", "1.3"];
const scene = sceneOf({ rows: 1, columns: 2 }, SERIES);

describe("the scene", () => {
  it("is hung by modality and number of series", () => {
    expect(hung(["CT"], 1)).toEqual({ rows: 1, columns: 1 });
    expect(hung(["CT"], 9)).toEqual({ rows: 2, columns: 2 });
    expect(hung(["DX"], 3)).toEqual({ rows: 1, columns: 2 });
    expect(hung([], 2)).toEqual({ rows: 1, columns: 2 });
  });

  it("begins with what was acquired", () => {
    const series = [["SEG", "a"], ["SR", null], ["CT", "b"], [null, "c"]].map(([modality, thumbnail]) => ({ modality: modality ?? null, thumbnail: thumbnail ?? null }));
    expect(hangingOrder(series).map(({ modality }) => modality)).toEqual(["CT", null, "SEG", "SR"]);
  });

  it("scrolls within its series", () => {
    expect(withSlice(scene, 0, 99, 10).panes[0]?.slice).toBe(9);
    expect(withSlice(scene, 0, -4, 10)).toBe(scene);
  });

  it("fills new places with series that are not shown, and forgets none that stay", () => {
    const large = withLayout(withSlice(scene, 1, 4, 10), { rows: 2, columns: 2 }, SERIES);
    expect(large.panes.map((pane) => pane.series)).toEqual(["1.1", "1.2", "1.3", null]);
    expect(large.panes[1]?.slice).toBe(4);
    expect(withLayout(large, { rows: 1, columns: 1 }, SERIES).panes).toHaveLength(1);
  });

  it("goes through the series without going round", () => {
    expect(activePane(withNextSeries(scene, 1, SERIES)).series).toBe("1.2");
    expect(withNextSeries(scene, -1, SERIES)).toBe(scene);
    expect(withSeries(scene, 1, "1.3").active).toBe(1);
  });

  it("survives the address", () => {
    const shown = withSlice(withLayout(scene, { rows: 2, columns: 2 }, SERIES), 1, 6, 10);
    const read = readScene(writeScene(shown), scene, SERIES);
    expect(read?.panes.map(({ series, slice }) => [series, slice])).toEqual([["1.1", 0], ["1.2", 6], ["1.3", 0], [null, 0]]);
    expect(readScene(new URLSearchParams("layout=7x9"), scene, SERIES)).toBeNull();
    expect(readScene(new URLSearchParams("layout=1x1&pane=9.9:3&active=x"), scene, SERIES)?.panes[0]?.series).toBeNull();
  });

  it("keeps the view of a series that the address leaves in its place", () => {
    const seen = withView(scene, 0, (view) => zoomed(view, 2));
    expect(readScene(writeScene(seen), seen, SERIES)?.panes[0]?.view.zoom).toBe(2);
  });
});

describe("a view", () => {
  const axial = orientationOf([1, 0, 0, 0, 1, 0]);
  const letters = (view: View): string => {
    const { top, right, bottom, left } = edgesOf(turnOf(view.rotation, view.flipHorizontal, view.flipVertical), axial, []);
    return `${top}${right}${bottom}${left}`;
  };
  const after = (...acts: ((view: View) => Partial<View>)[]): View => acts.reduce((view, act) => ({ ...view, ...act(view) }), PLAIN);

  it("is mirrored as seen on the screen, also when it was turned", () => {
    const turn = (view: View) => turned(view, 90);
    expect(letters(after(turn))).toBe("RALP");
    expect(letters(after(turn, (view) => mirrored(view, "horizontal")))).toBe("RPLA");
    expect(letters(after(turn, (view) => mirrored(view, "vertical")))).toBe("LARP");
    expect(letters(after((view) => mirrored(view, "horizontal"), turn))).toBe("LARP");
  });

  it("is moved and enlarged within bounds", () => {
    expect(after((view) => panned(view, 3, 4), (view) => panned(view, 1, 1)).pan).toEqual([4, 5]);
    expect(after((view) => zoomed(view, 1e6)).zoom).toBe(40);
  });

  it("widens to the right and brightens upwards", () => {
    const window = { center: 40, width: 400, shape: "LINEAR" as const };
    expect(draggedWindow(window, 400, 0).width).toBe(800);
    expect(draggedWindow(window, 0, -100).center).toBe(-60);
    expect(draggedWindow(window, -99999, 0).width).toBe(1);
  });
});
