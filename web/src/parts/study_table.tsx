// The rows of the study list: virtual, so that ten thousand scroll like ten, with the next page fetched on the way.
import { useMediaQuery } from "@mantine/hooks";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { StudyRow, Total } from "../api/types";
import { useLocale } from "../i18n";
import { moved, sized, widthWithin, type Column } from "../state/columns";
import type { Sort } from "../state/list";
import { ColumnEdge } from "./column_edge";
import { usePatientText } from "./patient";
import { isSortable, studyCells } from "./study_columns";
import "./study_table.css";

export const PHONE = "(width < 720px)";
const PHONE_ROW = 64;
const PHONE_COLUMNS = (["name", "modality", "description", "date", "images", "warnings"] as const).map((id) => ({ id }));
const HEAD = 33; // with its line; it sticks above the rows
const AHEAD = 40; // rows before the end at which the next page is asked for

interface StudyTableProps {
  rows: StudyRow[];
  total: Total;
  sort: Sort;
  active: string | null;
  stale: boolean;
  columns: Column[];
  arranged: boolean; // by the user; else the style sheet leaves columns out where there is no room
  rowHeight: number;
  onColumns: (columns: Column[]) => void;
  onSort: (sort: Sort) => void;
  onSelect: (uid: string) => void;
  onOpen: (uid: string) => void;
  onNearEnd: () => void;
}

export function StudyTable(props: StudyTableProps) {
  const { rows, total, sort, active, stale, columns, arranged, rowHeight, onColumns, onSort, onSelect, onOpen, onNearEnd } = props;
  const { t } = useTranslation();
  const locale = useLocale();
  const text = usePatientText();
  const phone = useMediaQuery(PHONE, false, { getInitialValueInEffect: false });
  const scroller = useRef<HTMLDivElement>(null);
  const cells = useMemo(() => studyCells(text, t, locale), [t, locale]); // `text` only depends on these
  const template = useMemo(() => columns.map(({ width }) => `${width}px`).join(" "), [columns]);
  const height = phone ? PHONE_ROW : rowHeight;
  const head = phone ? 0 : HEAD;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    getItemKey: (index) => rows[index]?.study_uid ?? index,
    overscan: 12,
    scrollMargin: head,
    scrollPaddingStart: head,
  });
  useEffect(() => virtual.measure(), [virtual, height]);

  const onMove = (from: string, to: Column["id"]): void => {
    const at = (id: string): number => columns.findIndex((column) => column.id === id);
    if (at(from) >= 0) onColumns(moved(columns, at(from), at(to)));
  };
  const onSize = (id: Column["id"], width: number): void => {
    const shown = columns.map((column) => {
      const cell = scroller.current?.querySelector<HTMLElement>(`.study-head .study-${column.id}`);
      return arranged || !cell?.offsetWidth ? column : { id: column.id, width: widthWithin(cell.offsetWidth) };
    });
    onColumns(sized(shown, id, width)); // of the others, what they have had so far
  };

  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (rows.length > 0 && last >= rows.length - AHEAD) onNearEnd();
  }, [last, rows.length, onNearEnd]);

  const activeIndex = useMemo(() => rows.findIndex((row) => row.study_uid === active), [rows, active]);
  useEffect(() => {
    if (activeIndex >= 0) virtual.scrollToIndex(activeIndex);
  }, [activeIndex, virtual]);
  const activeShown = items.some((item) => item.index === activeIndex);

  return (
    <div
      ref={scroller}
      className={arranged ? "study-table study-arranged" : "study-table"}
      style={{ "--study-columns": template } as React.CSSProperties}
      role="grid"
      tabIndex={0}
      aria-label={t("list.title")}
      aria-rowcount={total.exact ? total.number + 1 : -1}
      aria-busy={stale}
      {...(activeShown ? { "aria-activedescendant": `study-${activeIndex}` } : {})}
    >
      <div role="rowgroup" className="study-head">
        <div role="row" aria-rowindex={1} className="study-grid">
          {columns.map((column) => (
            <HeaderCell key={column.id} column={column} sort={sort} onSort={onSort} onSize={onSize} onMove={onMove} />
          ))}
        </div>
      </div>
      <div role="rowgroup" className="study-rows" style={{ blockSize: virtual.getTotalSize() }}>
        {items.map((item) => {
          const row = rows[item.index];
          if (!row) return null;
          return (
            <div
              key={item.key}
              id={`study-${item.index}`}
              role="row"
              aria-rowindex={item.index + 2}
              aria-selected={row.study_uid === active}
              className="study-grid study-row"
              style={{ blockSize: height, transform: `translateY(${item.start - head}px)` }}
              onMouseDown={() => onSelect(row.study_uid)}
              onClick={phone ? (event) => !isLink(event.target) && onOpen(row.study_uid) : undefined}
              onDoubleClick={() => onOpen(row.study_uid)}
            >
              {(phone ? PHONE_COLUMNS : columns).map(({ id }) => (
                <div key={id} role="gridcell" className={`study-cell study-${id}`}>
                  {cells[id](row)}
                </div>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** A link goes its own way: opening the row as well would put the page into the history twice. */
const isLink = (target: EventTarget): boolean => target instanceof Element && target.closest("a") !== null;

interface HeaderCellProps {
  column: Column;
  sort: Sort;
  onSort: (sort: Sort) => void;
  onSize: (id: Column["id"], width: number) => void;
  onMove: (from: string, to: Column["id"]) => void;
}

const DRAGGED = "text/x-filmless-column";

function HeaderCell({ column, sort, onSort, onSize, onMove }: HeaderCellProps) {
  const { t } = useTranslation();
  const { id } = column;
  const label = t(`columns.${id}`);
  const className = `study-cell study-${id}`;
  const edge = <ColumnEdge label={label} width={column.width} onSize={(width) => onSize(id, width)} />;
  const dragging = {
    draggable: true,
    onDragStart: (event: React.DragEvent) => event.dataTransfer.setData(DRAGGED, id),
    onDragOver: (event: React.DragEvent) => event.dataTransfer.types.includes(DRAGGED) && event.preventDefault(),
    onDrop: (event: React.DragEvent) => onMove(event.dataTransfer.getData(DRAGGED), id),
  };
  if (!isSortable(id)) {
    return (
      <div role="columnheader" className={className} {...dragging}>
        {id === "warnings" ? <span className="visually-hidden">{label}</span> : <span className="truncate">{label}</span>}
        {edge}
      </div>
    );
  }
  const sorted = sort.field === id;
  const newestFirst = id === "date" || id === "received";
  const next = { field: id, descending: sorted ? !sort.descending : newestFirst };
  const Arrow = sort.descending ? IconArrowDown : IconArrowUp;
  return (
    <div
      role="columnheader"
      className={className}
      aria-sort={sorted ? (sort.descending ? "descending" : "ascending") : "none"}
      {...dragging}
    >
      <button type="button" onClick={() => onSort(next)}>
        <span className="truncate">{label}</span>
        {sorted && <Arrow size={13} stroke={2} aria-hidden />}
      </button>
      {edge}
    </div>
  );
}
