// The list of patients: rows that are made as they are seen, by keys, mouse or touch.
import { useMediaQuery } from "@mantine/hooks";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { PatientEntry } from "../api/patients";
import { useLocale } from "../i18n";
import { Modality, usePatientText } from "./patient";
import "./patient_table.css";

const ROW = 34; // px
const PHONE_ROW = 64;
const AHEAD = 30; // rows before the end at which more are asked for
const SHOWN_MODALITIES = 5;

interface PatientTableProps {
  rows: PatientEntry[];
  active: string | null;
  stale: boolean;
  onSelect: (key: string) => void;
  onOpen: (key: string) => void;
  onNearEnd: () => void;
}

export function PatientTable({ rows, active, stale, onSelect, onOpen, onNearEnd }: PatientTableProps) {
  const { t } = useTranslation();
  const phone = useMediaQuery("(width < 720px)", false, { getInitialValueInEffect: false });
  const scroller = useRef<HTMLDivElement>(null);
  const height = phone ? PHONE_ROW : ROW;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    getItemKey: (index) => rows[index]?.patient.key ?? index,
    overscan: 12,
  });
  useEffect(() => virtual.measure(), [virtual, height]);
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (rows.length > 0 && last >= rows.length - AHEAD) onNearEnd();
  }, [last, rows.length, onNearEnd]);
  const at = rows.findIndex((row) => row.patient.key === active);
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at);
  }, [at, virtual]);
  const heads = ["columns.name", "patients.id", "patients.born", "patients.sex", "patients.studies", "columns.modality", "patients.last"] as const;
  return (
    <div
      ref={scroller}
      className="patient-table"
      role="grid"
      tabIndex={0}
      aria-label={t("patients.title")}
      aria-busy={stale}
      {...(items.some((item) => item.index === at) ? { "aria-activedescendant": `patient-${at}` } : {})}
    >
      <div role="rowgroup" className="patient-head">
        <div role="row" className="patient-grid">
          {heads.map((head) => (
            <div key={head} role="columnheader">
              {t(head)}
            </div>
          ))}
        </div>
      </div>
      <div role="rowgroup" className="patient-rows" style={{ blockSize: virtual.getTotalSize() }}>
        {items.map((item) => {
          const row = rows[item.index];
          const key = row?.patient.key;
          if (!row || !key) return null;
          return (
            <div
              key={item.key}
              id={`patient-${item.index}`}
              role="row"
              aria-selected={key === active}
              className="patient-grid patient-row"
              style={{ blockSize: height, transform: `translateY(${item.start}px)` }}
              onMouseDown={() => onSelect(key)}
              onClick={phone ? () => onOpen(key) : undefined}
              onDoubleClick={() => onOpen(key)}
            >
              <Cells row={row} to={`/patients/${key}`} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Cells({ row, to }: { row: PatientEntry; to: string }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const text = usePatientText();
  const { patient } = row;
  const none = <span className="dim">—</span>;
  const more = row.modalities.length - SHOWN_MODALITIES;
  return (
    <>
      <div role="gridcell" className="truncate patient-name">
        <Link to={to} className="patient-link" tabIndex={-1}>
          {text.name(patient)}
        </Link>
      </div>
      <div role="gridcell" className="truncate patient-id">
        {patient.id ?? none} {patient.issuer && <span className="dim">{patient.issuer}</span>}
      </div>
      <div role="gridcell" className="patient-born">
        {text.date(patient.birth_date) || none}
      </div>
      <div role="gridcell" className="patient-sex">
        {patient.sex ? text.sexAndAge({ ...patient, birth_date: null }, null) : none}
      </div>
      <div role="gridcell" className="patient-studies">
        {new Intl.NumberFormat(locale).format(row.studies)}
        <span className="phone-only"> {t("patients.studiesUnit", { count: row.studies })}</span>
      </div>
      <div role="gridcell" className="patient-modalities">
        {row.modalities.slice(0, SHOWN_MODALITIES).map((code) => (
          <Modality key={code} code={code} />
        ))}
        {more > 0 && <span className="dim">+{more}</span>}
      </div>
      <div role="gridcell" className="patient-last">
        {text.date(row.last) || none}
      </div>
    </>
  );
}
