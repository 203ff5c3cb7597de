// Frames in the order in which they will be looked at, a few at a time.

/** Indices of a series: the visible one, those that follow in the direction of scrolling, then the others from near to far. */
export function viewingOrder(count: number, current: number, direction: 1 | -1): number[] {
  const order: number[] = [];
  for (let at = current; at >= 0 && at < count; at += direction) order.push(at);
  for (let at = current - direction; at >= 0 && at < count; at -= direction) order.push(at);
  return order;
}

/** Lists by turns: the first of each, then the second of each, and so on; what was named before is left out. */
export function byTurns<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = lists.reduce((most, list) => Math.max(most, list.length), 0);
  const merged = new Set<T>();
  for (let at = 0; at < longest; at++) for (const list of lists) if (at < list.length) merged.add(list[at] as T);
  return [...merged];
}

export class FrameQueue {
  private wanted: string[] = [];
  private running = 0;
  private readonly seen = new Set<string>(); // under way, done or failed: not asked for again by itself

  /** `load` never rejects; `parallel` frames are under way at most; none is begun while `mayGoOn` says no. */
  constructor(
    private readonly load: (id: string) => Promise<void>,
    private readonly parallel: number,
    private readonly mayGoOn: () => boolean = () => true,
  ) {}

  /** From now on these, in this order; what is under way is finished. */
  want(ids: readonly string[]): void {
    this.wanted = [...ids].reverse();
    this.pump();
  }

  /** Nothing more. */
  clear(): void {
    this.wanted = [];
  }

  private pump(): void {
    while (this.running < this.parallel && this.wanted.length > 0 && this.mayGoOn()) {
      const id = this.wanted.pop() as string;
      if (this.seen.has(id)) continue;
      this.seen.add(id);
      this.running += 1;
      void this.load(id).finally(() => {
        this.running -= 1;
        this.pump();
      });
    }
  }
}
