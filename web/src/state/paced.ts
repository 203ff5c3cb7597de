// Calls at most once in a while: the first at once, of those that follow soon only the last.
import { useEffect, useMemo, useRef } from "react";

export interface Paced<T> {
  call: (value: T) => void;
  flush: () => void; // do now what still waits
  isResting: () => boolean; // whether something was done a moment ago, and more may follow
}

export function usePaced<T>(act: (value: T) => void, milliseconds: number): Paced<T> {
  const latest = useRef(act);
  useEffect(() => {
    latest.current = act;
  });
  const pace = useRef<{ timer: ReturnType<typeof setTimeout>; waiting: (() => void) | null } | null>(null);
  useEffect(() => () => clearTimeout(pace.current?.timer), []);
  return useMemo(() => {
    const rest = (): void => {
      const waiting = pace.current?.waiting;
      pace.current = waiting ? { timer: setTimeout(rest, milliseconds), waiting: null } : null;
      waiting?.();
    };
    return {
      call: (value) => {
        const run = (): void => latest.current(value);
        if (pace.current) {
          pace.current.waiting = run;
          return;
        }
        pace.current = { timer: setTimeout(rest, milliseconds), waiting: null };
        run();
      },
      flush: () => {
        const waiting = pace.current?.waiting;
        if (pace.current) pace.current.waiting = null;
        waiting?.();
      },
      isResting: () => pace.current !== null,
    };
  }, [milliseconds]);
}
