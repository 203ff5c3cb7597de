// Patients: search by name in any script, identifier or birth date; names that sound alike where none is spelt so.
import { Button } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";
import type { PatientEntry } from "../api/patients";
import type { Total } from "../api/types";
import { useLocale } from "../i18n";
import { useKeys } from "../keys/use_keys";
import { Failure, Loading, Notice } from "../parts/notice";
import { PageHeader } from "../parts/page_header";
import { PatientTable } from "../parts/patient_table";
import { SearchBox } from "../parts/search_box";
import { KeyHint, StatusBar } from "../parts/status_bar";
import { patientQuery, usePatients } from "../state/patients";
import "./worklist.css";

const PAGE_OF_ROWS = 15;
const NOTHING: Total = { number: 0, exact: true };

export default function PatientsPage() {
  const { t } = useTranslation();
  useDocumentTitle(t("patients.documentTitle"));
  const navigate = useNavigate();
  const [params, setParams] = useSearchParams();
  const typed = params.get("text") ?? "";
  const exact = usePatients(patientQuery(typed));
  const isSpelt = (exact.data?.pages[0]?.patients.length ?? 0) > 0;
  const name = typed.trim();
  const mayName = name !== "" && !/\d/.test(name) && exact.isSuccess && !exact.isPlaceholderData && !isSpelt;
  const alike = usePatients(`name=${encodeURIComponent(name)}`, mayName);
  const found = mayName ? alike : exact;
  const rows = useMemo(() => found.data?.pages.flatMap((page) => page.patients) ?? [], [found.data]);
  const [active, setActive] = useState<string | null>(null);
  const search = useRef<HTMLInputElement>(null);
  const open = (key: string): void => void navigate(`/patients/${key}`);
  usePatientKeys(rows, active, { select: setActive, open, search: () => search.current?.select() });
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = found;
  const setText = (text: string): void => setParams(text ? { text } : {}, { replace: true });
  return (
    <>
      <PageHeader>
        <h1>{t("patients.title")}</h1>
        <SearchBox
          label={t("patients.search")}
          placeholder={t("patients.placeholder")}
          text={typed}
          field={search}
          onText={setText}
        />
        <span className="page-header-space" />
      </PageHeader>
      <main id="content" className="page-content">
        {found.isPending ? (
          <Loading label={t("patients.loading")} />
        ) : found.isError && rows.length === 0 ? (
          <Failure error={found.error} retry={() => void found.refetch()} />
        ) : rows.length === 0 ? (
          <Empty typed={typed} clear={() => setText("")} />
        ) : (
          <div className="patients">
            {mayName && (
              <p className="patients-alike" role="status">
                {t("patients.alike", { name })}
              </p>
            )}
            <PatientTable
              rows={rows}
              active={active}
              stale={found.isPlaceholderData}
              onSelect={setActive}
              onOpen={open}
              onNearEnd={() => {
                if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
              }}
            />
          </div>
        )}
      </main>
      <StatusBar>
        <Totals loaded={rows.length} total={found.data?.pages[0]?.total ?? NOTHING} />
        <span className="status-keys">
          <KeyHint keys="↑↓" label={t("hints.move")} />
          <KeyHint keys="Enter" label={t("hints.open")} />
          <KeyHint keys="?" label={t("hints.keys")} />
        </span>
      </StatusBar>
    </>
  );
}

interface Acts {
  select: (key: string) => void;
  open: (key: string) => void;
  search: () => void;
}

function usePatientKeys(rows: PatientEntry[], active: string | null, acts: Acts): void {
  const at = rows.findIndex((row) => row.patient.key === active);
  const go = (index: number): void => {
    const key = rows[Math.max(0, Math.min(rows.length - 1, index))]?.patient.key;
    if (key) acts.select(key);
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
    Enter: () => {
      if (at >= 0 && active) acts.open(active);
    },
  });
}

function Totals({ loaded, total }: { loaded: number; total: Total }) {
  const { t } = useTranslation();
  const number = new Intl.NumberFormat(useLocale());
  const text = total.exact
    ? t("patients.total", { count: total.number, number: number.format(total.number) })
    : t("patients.totalMore", { loaded: number.format(loaded), number: number.format(total.number) });
  return <strong role="status">{text}</strong>;
}

function Empty({ typed, clear }: { typed: string; clear: () => void }) {
  const { t } = useTranslation();
  if (!typed) return <Notice tone="empty" title={t("patients.none")} text={t("empty.archiveText")} />;
  return (
    <Notice
      tone="empty"
      title={t("patients.noMatch")}
      text={t("patients.noMatchText")}
      action={
        <Button variant="default" onClick={clear}>
          {t("search.clear")}
        </Button>
      }
    />
  );
}
