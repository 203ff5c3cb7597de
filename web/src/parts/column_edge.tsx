// The edge of a column's head: dragged, or moved by the arrow keys, it makes the column wider or narrower.
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { NARROWEST, STEP, WIDEST, widthWithin } from "../state/columns";

interface ColumnEdgeProps {
  label: string;
  width: number;
  onSize: (width: number) => void;
}

const STEPS: Record<string, number> = { ArrowRight: STEP, ArrowLeft: -STEP };

export function ColumnEdge({ label, width, onSize }: ColumnEdgeProps) {
  const { t } = useTranslation();
  const start = useRef<{ x: number; width: number } | null>(null);
  const shown = (edge: HTMLElement): number => edge.parentElement?.getBoundingClientRect().width ?? width;
  return (
    <div
      role="separator"
      aria-orientation="vertical"
      aria-label={t("columns.widthOf", { column: label })}
      aria-valuenow={width}
      aria-valuemin={NARROWEST}
      aria-valuemax={WIDEST}
      tabIndex={0}
      className="column-edge"
      onPointerDown={(event) => {
        event.preventDefault();
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = { x: event.clientX, width: shown(event.currentTarget) };
      }}
      onPointerMove={(event) => {
        const { current } = start;
        const grid = event.currentTarget.closest<HTMLElement>(".study-table");
        if (!current || !grid) return;
        const leftwards = getComputedStyle(event.currentTarget).direction === "rtl" ? -1 : 1;
        onSize(widthWithin(current.width + leftwards * (event.clientX - current.x)));
      }}
      onPointerUp={() => {
        start.current = null;
      }}
      onKeyDown={(event) => {
        const step = STEPS[event.key];
        if (step === undefined) return;
        event.preventDefault();
        event.stopPropagation();
        onSize(widthWithin(shown(event.currentTarget) + step));
      }}
    />
  );
}
