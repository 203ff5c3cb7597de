// Keys: one hook that binds them while a page is shown. Single letters act only while no text field has focus.
import { useEffect, useLayoutEffect, useRef } from "react";

export type Bindings = Record<string, (event: KeyboardEvent) => void>;

/** "Ctrl+K", "Shift+ArrowDown", "u", "?": as `KeyboardEvent.key` has it; Shift only counts with keys that have names. */
export function comboOf(event: KeyboardEvent): string {
  const named = event.key.length > 1;
  const key = event.ctrlKey || event.metaKey ? event.key.toUpperCase() : event.key;
  return [
    event.ctrlKey || event.metaKey ? "Ctrl+" : "",
    event.altKey ? "Alt+" : "",
    event.shiftKey && named ? "Shift+" : "",
    named ? event.key : key,
  ].join("");
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, textarea, select, [contenteditable=true]") !== null;
}

function isInsideOverlay(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('[role="dialog"], [role="menu"]') !== null;
}

/** Enter and Space belong to the button or link that has the focus. */
function isPressing(combo: string, target: EventTarget | null): boolean {
  const presses = combo === "Enter" || combo === " ";
  return presses && target instanceof HTMLElement && target.closest("button, a, summary") !== null;
}

/** A text field has its own undo. */
const TEXT_KEYS: ReadonlySet<string> = new Set(["Ctrl+Z"]);

export function useKeys(bindings: Bindings): void {
  const current = useRef(bindings);
  useLayoutEffect(() => {
    current.current = bindings; // before what they act on is seen: a key may follow at once
  });
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      const combo = comboOf(event);
      const act = current.current[combo];
      if (!act || event.defaultPrevented || event.isComposing || isInsideOverlay(event.target)) return;
      if (isPressing(combo, event.target)) return;
      if (isTyping(event.target) && (TEXT_KEYS.has(combo) || !combo.startsWith("Ctrl+"))) return;
      event.preventDefault();
      act(event);
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, []);
}
