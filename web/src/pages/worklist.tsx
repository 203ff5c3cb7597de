// The study list: search as you type, filters, rows by keys or mouse, and the preview beside it.
import { ActionIcon, Button, Tooltip } from "@mantine/core";
import { useDebouncedCallback, useDebouncedValue, useDocumentTitle, useMediaQuery } from "@mantine/hooks";
import { IconColumns3, IconLayoutSidebarRight, IconRefresh } from "@tabler/icons-react";
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import type { StudyRow, Total, View } from "../api/types";
import { useLocale } from "../i18n";
import { useKeys } from "../keys/use_keys";
import { EmptyArchive } from "../parts/empty_archive";
import { Filters } from "../parts/filters";
import { Failure, Loading, Notice } from "../parts/notice";
import { PageHeader } from "../parts/page_header";
import { Preview } from "../parts/preview";
import { SearchBox } from "../parts/search_box";
import { KeyHint, StatusBar } from "../parts/status_bar";
import { StudyTable } from "../parts/study_table";
import { Views } from "../parts/views";
import { useAskToDelete, wholeStudy } from "../state/bin";
import { readColumns, type Column } from "../state/columns";
import { isFiltered, listQuery, UNFILTERED, useListState, viewQuery, type ListState } from "../state/list";
import { useLive, type Live } from "../state/live";
import { usePaced } from "../state/paced";
import { useChangeSettings, useSettings } from "../state/settings";
import { useStudies } from "../state/studies";
import { rememberWalk } from "../state/walk";
import "./worklist.css";

const SELECT_DELAY = 120; // ms that a row stays selected before its pictures are asked for
const ADDRESS_DELAY = 300; // browsers refuse more than some 20 changes of the address a second
const KEEP_DELAY = 400; // ms after the last move of a column's edge
const PAGE_OF_ROWS = 15;
const USUAL_HEIGHT = 32;
const NO_VIEWS: View[] = [];
const NOTHING: Total = { number: 0, exact: true };

const ColumnsDialog = lazy(() => import("../parts/columns_dialog"));
const ViewsDialog = lazy(() => import("../parts/views_dialog"));

export default function WorklistPage() {
  const { t } = useTranslation();
  useDocumentTitle(t("list.documentTitle"));
  const [list, change] = useListState();
  const query = listQuery(list, new Date());
  const studies = useStudies(query);
  const rows = useMemo(() => studies.data?.pages.flatMap((page) => page.studies) ?? [], [studies.data]);
  const total = studies.data?.pages[0]?.total ?? NOTHING;
  const live = useLive(query);
  const arrangement = useArrangement();
  const [dialog, setDialog] = useState<"columns" | "views" | null>(null);
  const close = useCallback(() => setDialog(null), []);
  const { active, select, open, read, patient } = useSelection(list, change);
  const wide = useMediaQuery("(width >= 1100px)", true, { getInitialValueInEffect: false });
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => rememberWalk(rows.map((row) => row.study_uid)), [rows]);
  const preview = wide && list.preview;
  const togglePreview = (): void => change({ preview: !list.preview });
  const askToDelete = useAskToDelete();
  const drop = (study: StudyRow, next: StudyRow | undefined): void =>
    askToDelete?.(wholeStudy(study), () => (next ? select(next.study_uid) : change({ selected: null })));
  useListKeys(rows, active, { select, open, read, patient, drop, togglePreview, search: () => search.current?.select() });
  useKeys({ ".": live.show, c: () => setDialog("columns"), v: () => setDialog("views") });
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = studies;
  const onNearEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const [wanted] = useDebouncedValue(active, SELECT_DELAY);
  const activeRow = rows.find((row) => row.study_uid === active) ?? null;

  return (
    <>
      <PageHeader>
        <h1>{t("list.title")}</h1>
        <SearchBox
          label={t("search.label")}
          placeholder={t("search.placeholder")}
          text={list.text}
          field={search}
          onText={(text) => change({ text, selected: null })}
        />
        <span className="page-header-space" />
        {wide && (
          <Tooltip label={`${t("columns.title")}  C`} openDelay={300}>
            <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t("columns.title")} onClick={() => setDialog("columns")}>
              <IconColumns3 size={20} stroke={1.6} />
            </ActionIcon>
          </Tooltip>
        )}
        {wide && (
          <Tooltip label={`${t("list.preview")}  Space`} openDelay={300}>
            <ActionIcon
              variant="subtle"
              color="gray"
              size="lg"
              aria-label={t("list.preview")}
              aria-pressed={list.preview}
              onClick={togglePreview}
            >
              <IconLayoutSidebarRight size={20} stroke={1.6} />
            </ActionIcon>
          </Tooltip>
        )}
      </PageHeader>
      <div className="views-bar">
        <Views views={arrangement.views} query={viewQuery(list)} onKeep={() => setDialog("views")} />
        <News live={live} rows={rows} />
      </div>
      <Filters list={list} onChange={(next) => change({ ...next, selected: null }, true)} />
      <main id="content" tabIndex={-1} className="page-content">
        {studies.isPending ? (
          <Loading label={t("list.loading")} />
        ) : studies.isError && rows.length === 0 ? (
          <Failure error={studies.error} retry={() => void studies.refetch()} />
        ) : rows.length === 0 ? (
          <Empty list={list} change={change} />
        ) : (
          <StudyTable
            rows={rows}
            total={total}
            sort={list.sort}
            active={active}
            stale={studies.isPlaceholderData}
            columns={arrangement.columns}
            arranged={arrangement.arranged}
            rowHeight={arrangement.rowHeight}
            onColumns={arrangement.setColumns}
            onSort={(sort) => change({ sort, selected: null }, true)}
            onSelect={select}
            onOpen={open}
            onNearEnd={onNearEnd}
          />
        )}
        {preview && rows.length > 0 && <Preview study={activeRow} wanted={activeRow && wanted} />}
      </main>
      <StatusBar>
        <Totals loaded={rows.length} total={total} />
        <span className={live.connected ? "live-mark live-on" : "live-mark"}>{t(live.connected ? "list.live" : "list.notLive")}</span>
        <span className="status-keys">
          <KeyHint keys="↑↓" label={t("hints.move")} />
          <KeyHint keys="Enter" label={t("hints.open")} />
          <KeyHint keys="Space" label={t("hints.preview")} />
          <KeyHint keys="?" label={t("hints.keys")} />
        </span>
      </StatusBar>
      <Suspense>
        {dialog === "columns" && (
          <ColumnsDialog
            columns={arrangement.columns}
            rowHeight={arrangement.rowHeight}
            onColumns={arrangement.setColumns}
            onRowHeight={arrangement.setRowHeight}
            onClose={close}
          />
        )}
        {dialog === "views" && (
          <ViewsDialog views={arrangement.views} query={viewQuery(list)} onChange={arrangement.setViews} onClose={close} />
        )}
      </Suspense>
    </>
  );
}

/** Columns, row height and views as the user has set them; an edge that moves is kept when it rests. */
function useArrangement() {
  const { settings } = useSettings();
  const { change } = useChangeSettings();
  const [moving, setMoving] = useState<Column[] | null>(null);
  const keep = useDebouncedCallback((columns: Column[]) => {
    change((now) => ({ ...now, columns }));
    setMoving(null);
  }, KEEP_DELAY);
  const columns = useMemo(() => moving ?? readColumns(settings.columns), [moving, settings.columns]);
  return {
    columns,
    arranged: moving !== null || settings.columns !== undefined,
    rowHeight: settings.row_height ?? USUAL_HEIGHT,
    views: settings.views ?? NO_VIEWS,
    setColumns: (wanted: Column[] | null): void => {
      setMoving(wanted);
      if (wanted) return keep(wanted);
      keep.cancel();
      change(({ columns: _, ...others }) => others);
    },
    setRowHeight: (row_height: 28 | 32 | 40): void => change((now) => ({ ...now, row_height })),
    setViews: (set: (views: View[]) => View[]): void => change((now) => ({ ...now, views: set(now.views ?? []) })),
  } as const;
}

/** What has come meanwhile waits here, so that no row moves under the hand. */
function News({ live, rows }: { live: Live; rows: StudyRow[] }) {
  const { t } = useTranslation();
  const count = useMemo(() => {
    const shown = new Set(rows.map((row) => row.study_uid));
    return [...live.fresh].filter((uid) => !shown.has(uid)).length;
  }, [live.fresh, rows]);
  return (
    <span role="status">
      {(count > 0 || live.stale) && (
        <button type="button" className="live-news" onClick={live.show}>
          <IconRefresh size={13} stroke={2} aria-hidden />
          {count > 0 ? t("list.fresh", { count }) : t("list.stale")}
        </button>
      )}
    </span>
  );
}

/** The selected row at once; the address follows, not for each row that a held key passes. */
function useSelection(list: ListState, change: (change: Partial<ListState>) => void) {
  const [active, setActive] = useState(list.selected);
  const write = usePaced((uid: string) => change({ selected: uid }), ADDRESS_DELAY);
  const navigate = useNavigate();
  useEffect(() => {
    if (!write.isResting()) setActive(list.selected); // Back, or a cleared filter; not our own address of a row ago
  }, [list.selected, write]);
  const select = useCallback(
    (uid: string) => {
      setActive(uid);
      write.call(uid);
    },
    [write],
  );
  const go = useCallback(
    (address: string) => {
      write.flush(); // so that Back finds the row
      void navigate(address);
    },
    [write, navigate],
  );
  const open = useCallback((uid: string) => go(`/studies/${uid}`), [go]);
  const read = useCallback((uid: string) => go(`/read/${uid}`), [go]);
  const patient = useCallback((key: string) => go(`/patients/${key}`), [go]);
  return { active, select, open, read, patient };
}

interface ListActs {
  patient: (key: string) => void;
  select: (uid: string) => void;
  open: (uid: string) => void;
  read: (uid: string) => void;
  drop: (study: StudyRow, next: StudyRow | undefined) => void; // `next`: the row to go to when it is gone
  search: () => void;
  togglePreview: () => void;
}

function useListKeys(rows: StudyRow[], active: string | null, acts: ListActs): void {
  const at = rows.findIndex((row) => row.study_uid === active);
  const go = (index: number): void => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, index))];
    if (row) acts.select(row.study_uid);
  };
  useKeys({
    "Ctrl+K": acts.search,
    "/": acts.search,
    ArrowDown: () => go(at + 1),
    ArrowUp: () => go(at - 1),
    PageDown: () => go(at + PAGE_OF_ROWS),
    PageUp: () => go(at - PAGE_OF_ROWS),
    Home: () => go(0),
    End: () => go(rows.length - 1),
    " ": acts.togglePreview,
    Delete: () => {
      const row = rows[at];
      if (row) acts.drop(row, rows[at + 1] ?? rows[at - 1]);
    },
    Enter: () => {
      if (at >= 0 && active) acts.read(active);
    },
    o: () => {
      if (at >= 0 && active) acts.open(active);
    },
    h: () => {
      if (rows[at]?.patient.key) acts.patient(rows[at].patient.key);
    },
  });
}

function Totals({ loaded, total }: { loaded: number; total: Total }) {
  const { t } = useTranslation();
  const number = new Intl.NumberFormat(useLocale());
  const text = total.exact
    ? t("list.total", { count: total.number, number: number.format(total.number) })
    : t("list.totalMore", { loaded: number.format(loaded), number: number.format(total.number) });
  return <strong role="status">{text}</strong>;
}

function Empty({ list, change }: { list: ListState; change: (change: Partial<ListState>, history?: boolean) => void }) {
  const { t } = useTranslation();
  if (isFiltered(list)) {
    const clear = (): void => change(UNFILTERED, true);
    return (
      <Notice
        tone="empty"
        title={t("empty.noMatch")}
        text={t("empty.noMatchText")}
        action={
          <>
            {list.text.trim() && !list.sounds && (
              <Button onClick={() => change({ sounds: true }, true)}>{t("empty.sounds")}</Button>
            )}
            <Button variant="default" onClick={clear}>
              {t("filters.clear")}
            </Button>
          </>
        }
      />
    );
  }
  return <EmptyArchive />;
}
