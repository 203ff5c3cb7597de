// Where the frame of the active viewport cuts those of the others, in one frame of reference.
import { referenceLine } from "../../viewport/model/geometry";
import type { Snapshot } from "../../viewport/reader";
import { onScreen } from "../../viewport/reconcile";

export function ReferenceLines({ at, snapshot }: { at: number; snapshot: Snapshot }) {
  const { active } = snapshot.scene;
  const here = snapshot.panes[at]?.drawn;
  const there = snapshot.panes[active]?.drawn;
  if (at === active || !here?.frame.plane || !there?.frame.plane) return null;
  if (!here.frame.frameOfReference || here.frame.frameOfReference !== there.frame.frameOfReference) return null;
  const line = referenceLine(here.frame.plane, there.frame.plane);
  if (!line) return null;
  const [from, to] = line.map(([column, row]) => onScreen(here.placement, [column + 0.5, row + 0.5]));
  if (!from || !to) return null;
  return (
    <svg className="pane-lines" aria-hidden>
      <line x1={from[0]} y1={from[1]} x2={to[0]} y2={to[1]} data-testid="reference-line" />
    </svg>
  );
}
