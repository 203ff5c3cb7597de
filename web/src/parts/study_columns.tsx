// The columns of the study list: what each shows, and which of them the server can sort by.
import { Tooltip } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { createColumnHelper, type ColumnDef } from "@tanstack/react-table";
import type { TFunction } from "i18next";
import { Link } from "react-router";
import { formatMoment } from "../api/dicom_text";
import type { Patient, StudyRow } from "../api/types";
import type { SortField } from "../state/list";
import { Modality, type PatientText } from "./patient";

const SHOWN_MODALITIES = 3;

const helper = createColumnHelper<StudyRow>();

/** Column ids that are sort fields of the server. */
export const SORTABLE: ReadonlySet<string> = new Set<SortField>(["name", "modality", "description", "date", "received"]);

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

export function studyColumns(text: PatientText, t: TFunction, locale: string): ColumnDef<StudyRow, never>[] {
  const number = new Intl.NumberFormat(locale);
  return [
    helper.display({
      id: "name",
      header: t("columns.name"),
      cell: ({ row: { original: study } }) => (
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
    }),
    helper.display({
      id: "modality",
      header: t("columns.modality"),
      cell: ({ row }) => <Modalities codes={row.original.modalities} />,
    }),
    helper.display({
      id: "description",
      header: t("columns.description"),
      cell: ({ row: { original: study } }) => study.description ? <bdi>{study.description}</bdi> : <span className="dim">—</span>,
    }),
    helper.display({
      id: "date",
      header: t("columns.date"),
      cell: ({ row: { original: study } }) => text.dateTime(study.date, study.time) || <span className="dim">—</span>,
    }),
    helper.display({ id: "series", header: t("columns.series"), cell: ({ row }) => number.format(row.original.series) }),
    helper.display({
      id: "images",
      header: t("columns.images"),
      cell: ({ row }) => (
        <>
          {number.format(row.original.instances)}
          <span className="phone-only"> {t("columns.imagesUnit", { count: row.original.instances })}</span>
        </>
      ),
    }),
    helper.display({
      id: "accession",
      header: t("columns.accession"),
      cell: ({ row: { original: study } }) => study.accession ?? <span className="dim">—</span>,
    }),
    helper.display({
      id: "received",
      header: t("columns.received"),
      cell: ({ row }) => formatMoment(row.original.received_at, locale),
    }),
    helper.display({
      id: "warnings",
      header: () => <span className="visually-hidden">{t("columns.warnings")}</span>,
      cell: ({ row: { original: study } }) => {
        if (study.warnings === 0) return null;
        const label = t("list.warnings", { count: study.warnings });
        return (
          <Tooltip label={label} openDelay={200}>
            <span className="study-warning" role="img" aria-label={label}>
              <IconAlertTriangle size={15} stroke={1.8} aria-hidden />
            </span>
          </Tooltip>
        );
      },
    }),
  ] as ColumnDef<StudyRow, never>[];
}
