import { describe, expect, it } from "vitest";
import { byTurns, FrameQueue, viewingOrder } from "./queue";

describe("the order of frames", () => {
  it("is the visible one, those to come, then the others", () => {
    expect(viewingOrder(5, 2, 1)).toEqual([2, 3, 4, 1, 0]);
    expect(viewingOrder(5, 2, -1)).toEqual([2, 1, 0, 3, 4]);
    expect(viewingOrder(0, 0, 1)).toEqual([]);
  });

  it("takes viewports by turns", () => expect(byTurns([["a", "b", "c"], ["x"], ["a", "z"]])).toEqual(["a", "x", "b", "z", "c"]));
});

describe("the queue", () => {
  it("loads a few at a time, each once, the last wish first", async () => {
    const begun: string[] = [];
    const ends: (() => void)[] = [];
    const queue = new FrameQueue((id) => (begun.push(id), new Promise((resolve) => ends.push(resolve))), 2);
    queue.want(["1", "2", "3"]);
    expect(begun).toEqual(["1", "2"]);
    queue.want(["9", "2", "3"]);
    ends.shift()?.();
    await new Promise((resolve) => setTimeout(resolve));
    expect(begun).toEqual(["1", "2", "9"]);
    queue.clear();
    ends.forEach((end) => end());
    await new Promise((resolve) => setTimeout(resolve));
    expect(begun).toEqual(["1", "2", "9"]);
  });
});
