// The viewports in their grid, and the sign that they have another size.
import { useEffect, useRef } from "react";
import type { StudyDetail } from "../../api/types";
import type { Reader, Snapshot } from "../../viewport/reader";
import type { Acts } from "./acts";
import { Pane } from "./pane";

interface PaneGridProps {
  study: StudyDetail;
  snapshot: Snapshot;
  reader: Reader;
  acts: Acts;
}

export function PaneGrid({ study, snapshot, reader, acts }: PaneGridProps) {
  const grid = useRef<HTMLDivElement>(null);
  const { layout, panes, maximised, active } = snapshot.scene;
  useEffect(() => {
    const element = grid.current;
    if (!element) return;
    const observer = new ResizeObserver(() => reader.resize());
    observer.observe(element);
    return () => observer.disconnect();
  }, [reader]);
  useEffect(() => reader.resize(), [reader, layout, maximised]);
  const shape = maximised ? { rows: 1, columns: 1 } : layout;
  return (
    <div
      ref={grid}
      className="pane-grid"
      style={{
        gridTemplateRows: `repeat(${shape.rows}, minmax(0, 1fr))`,
        gridTemplateColumns: `repeat(${shape.columns}, minmax(0, 1fr))`,
      }}
    >
      {panes.map((_, at) =>
        maximised && at !== active ? null : <Pane key={at} at={at} study={study} snapshot={snapshot} reader={reader} acts={acts} />,
      )}
    </div>
  );
}
