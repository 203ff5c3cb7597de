// The columns of the study list: what each shows, and which of them the server can sort by.
import { Tooltip } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import type { TFunction } from "i18next";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { formatMoment, formatName } from "../api/dicom_text";
import type { Patient, StudyRow } from "../api/types";
import type { ColumnId } from "../state/columns";
import { SORT_FIELDS, type SortField } from "../state/list";
import { Modality, type PatientText } from "./patient";

const SHOWN_MODALITIES = 3;
const NOTHING = <span className="dim">—</span>;

const SORTABLE: ReadonlySet<string> = new Set<SortField>(SORT_FIELDS);
export const isSortable = (id: ColumnId): id is ColumnId & SortField => SORTABLE.has(id);

function Modalities({ codes }: { codes: string[] }) {
  const more = codes.length - SHOWN_MODALITIES;
  return (
    <span className="modalities">
      {codes.slice(0, SHOWN_MODALITIES).map((code) => (
        <Modality key={code} code={code} />
      ))}
      {more > 0 && <span className="dim">+{more}</span>}
    </span>
  );
}

/** The identifier leads to the patient's page; a click on it is none on the row. */
function PatientId({ patient, label }: { patient: Patient; label: string }) {
  if (!patient.key || !patient.id) return <span className="study-id">{patient.id}</span>;
  return (
    <Link
      className="study-id"
      to={`/patients/${patient.key}`}
      tabIndex={-1}
      title={label}
      onClick={(event) => event.stopPropagation()}
    >
      {patient.id}
    </Link>
  );
}

function Warnings({ study, t }: { study: StudyRow; t: TFunction }) {
  if (study.warnings === 0) return null;
  const label = t("list.warnings", { count: study.warnings });
  return (
    <Tooltip label={label} openDelay={200}>
      <span className="study-warning" role="img" aria-label={label}>
        <IconAlertTriangle size={15} stroke={1.8} aria-hidden />
      </span>
    </Tooltip>
  );
}

const inWords = (text: string | null | undefined): ReactNode => (text ? <bdi>{text}</bdi> : NOTHING);

/** What each column shows of a study. */
export function studyCells(text: PatientText, t: TFunction, locale: string): Record<ColumnId, (study: StudyRow) => ReactNode> {
  const number = new Intl.NumberFormat(locale);
  return {
    name: (study) => (
      <>
        <span className="study-who">
          <Link className="study-link" to={`/studies/${study.study_uid}`} tabIndex={-1}>
            {text.name(study.patient)}
          </Link>
          <PatientId patient={study.patient} label={t("patient.title")} />
        </span>
        <span className="dim study-sub">{text.sexAndAge(study.patient, study.date)}</span>
      </>
    ),
    patient_id: (study) => inWords(study.patient.id),
    birth_date: (study) => text.date(study.patient.birth_date) || NOTHING,
    modality: (study) => <Modalities codes={study.modalities} />,
    description: (study) => inWords(study.description),
    body_part: (study) => inWords(study.body_parts.join(", ")),
    date: (study) => text.dateTime(study.date, study.time) || NOTHING,
    series: (study) => number.format(study.series),
    images: (study) => (
      <>
        {study.arriving && (
          <span className="study-arriving" role="img" aria-label={t("list.arriving")} title={t("list.arriving")} />
        )}
        {number.format(study.instances)}
        <span className="phone-only"> {t("columns.imagesUnit", { count: study.instances })}</span>
      </>
    ),
    accession: (study) => study.accession ?? NOTHING,
    referrer: (study) => inWords(formatName(study.referrer, null)),
    institution: (study) => inWords(study.institutions.join(", ")),
    received: (study) => formatMoment(study.received_at, locale),
    warnings: (study) => <Warnings study={study} t={t} />,
  };
}
