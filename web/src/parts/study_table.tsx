// The rows of the study list: virtual, so that ten thousand scroll like ten, with the next page fetched on the way.
import { useMediaQuery } from "@mantine/hooks";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { flexRender, getCoreRowModel, useReactTable, type Header } from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { StudyRow, Total } from "../api/types";
import { useLocale } from "../i18n";
import type { Sort, SortField } from "../state/list";
import { usePatientText } from "./patient";
import { SORTABLE, studyColumns } from "./study_columns";
import "./study_table.css";

export const PHONE = "(width < 720px)";
const ROW = 32;
const PHONE_ROW = 64;
const HEAD = 33; // with its line; it sticks above the rows
const AHEAD = 40; // rows before the end at which the next page is asked for

interface StudyTableProps {
  rows: StudyRow[];
  total: Total;
  sort: Sort;
  active: string | null;
  stale: boolean;
  onSort: (sort: Sort) => void;
  onSelect: (uid: string) => void;
  onOpen: (uid: string) => void;
  onNearEnd: () => void;
}

export function StudyTable(props: StudyTableProps) {
  const { rows, total, sort, active, stale, onSort, onSelect, onOpen, onNearEnd } = props;
  const { t } = useTranslation();
  const locale = useLocale();
  const text = usePatientText();
  const phone = useMediaQuery(PHONE, false, { getInitialValueInEffect: false });
  const scroller = useRef<HTMLDivElement>(null);
  const columns = useMemo(() => studyColumns(text, t, locale), [t, locale]); // `text` only depends on these
  const table = useReactTable({
    data: rows,
    columns,
    getRowId: (row) => row.study_uid,
    getCoreRowModel: getCoreRowModel(),
    manualSorting: true,
    state: { sorting: [{ id: sort.field, desc: sort.descending }] },
  });
  const height = phone ? PHONE_ROW : ROW;
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
  const modelRows = table.getRowModel().rows;

  return (
    <div
      ref={scroller}
      className="study-table"
      role="grid"
      tabIndex={0}
      aria-label={t("list.title")}
      aria-rowcount={total.exact ? total.number + 1 : -1}
      aria-busy={stale}
      {...(activeShown ? { "aria-activedescendant": `study-${activeIndex}` } : {})}
    >
      <div role="rowgroup" className="study-head">
        <div role="row" aria-rowindex={1} className="study-grid">
          {table.getFlatHeaders().map((header) => (
            <HeaderCell key={header.id} header={header} sort={sort} onSort={onSort} />
          ))}
        </div>
      </div>
      <div role="rowgroup" className="study-rows" style={{ blockSize: virtual.getTotalSize() }}>
        {items.map((item) => {
          const row = modelRows[item.index];
          if (!row) return null;
          return (
            <div
              key={item.key}
              id={`study-${item.index}`}
              role="row"
              aria-rowindex={item.index + 2}
              aria-selected={row.id === active}
              className="study-grid study-row"
              style={{ blockSize: height, transform: `translateY(${item.start - head}px)` }}
              onMouseDown={() => onSelect(row.id)}
              onClick={phone ? (event) => !isLink(event.target) && onOpen(row.id) : undefined}
              onDoubleClick={() => onOpen(row.id)}
            >
              {row.getVisibleCells().map((cell) => (
                <div key={cell.id} role="gridcell" className={`study-cell study-${cell.column.id}`}>
                  {flexRender(cell.column.columnDef.cell, cell.getContext())}
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
  header: Header<StudyRow, unknown>;
  sort: Sort;
  onSort: (sort: Sort) => void;
}

function HeaderCell({ header, sort, onSort }: HeaderCellProps) {
  const label = flexRender(header.column.columnDef.header, header.getContext());
  const className = `study-cell study-${header.id}`;
  if (!SORTABLE.has(header.id)) {
    return (
      <div role="columnheader" className={className}>
        {label}
      </div>
    );
  }
  const field = header.id as SortField;
  const sorted = sort.field === field;
  const newestFirst = field === "date" || field === "received";
  const next = { field, descending: sorted ? !sort.descending : newestFirst };
  const Arrow = sort.descending ? IconArrowDown : IconArrowUp;
  return (
    <div
      role="columnheader"
      className={className}
      aria-sort={sorted ? (sort.descending ? "descending" : "ascending") : "none"}
    >
      <button type="button" onClick={() => onSort(next)}>
        {label}
        {sorted && <Arrow size={13} stroke={2} aria-hidden />}
      </button>
    </div>
  );
}
