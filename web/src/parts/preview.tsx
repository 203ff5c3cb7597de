// The pane beside the study list: who, what, and the pictures of the selected study before it is opened.
import { Button } from "@mantine/core";
import { IconEye } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { formatMoment } from "../api/dicom_text";
import type { StudyRow } from "../api/types";
import { useLocale } from "../i18n";
import { useStudy } from "../state/studies";
import { Findings } from "./findings";
import { Failure } from "./notice";
import { PatientLink, usePatientText } from "./patient";
import { DownloadButton, type Fact, Facts, StudyHeading } from "./study_facts";
import { Thumbnail } from "./thumbnail";
import "./preview.css";

const SHOWN_SERIES = 9;

export function Preview({ study, wanted }: { study: StudyRow | null; wanted: string | null }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const text = usePatientText();
  const detail = useStudy(wanted);
  if (!study) {
    return (
      <aside className="preview" aria-label={t("preview.title")}>
        <p className="preview-hint">{t("preview.none")}</p>
      </aside>
    );
  }
  const { patient } = study;
  const settled = detail.data?.study_uid === study.study_uid ? detail.data : null;
  const facts: Fact[] = [
    [t("columns.accession"), study.accession],
    [t("patient.born"), text.date(patient.birth_date)],
    [t("columns.received"), formatMoment(study.received_at, locale)],
  ];
  return (
    <aside className="preview" aria-label={t("preview.title")}>
      <h2>
        <PatientLink patient={patient} />
      </h2>
      <p className="preview-sub">
        {[text.sexAndAge(patient, study.date), patient.id && t("patient.id", { id: patient.id })].filter(Boolean).join(" · ")}
      </p>
      <div className="preview-actions">
        <Button component={Link} to={`/studies/${study.study_uid}`} leftSection={<IconEye size={16} stroke={1.6} />}>
          {t("preview.open")}
        </Button>
        <DownloadButton studyUid={study.study_uid} />
      </div>
      <StudyHeading study={study} className="preview-study" />
      <p className="preview-sub">
        {[text.dateTime(study.date, study.time), t("study.images", { count: study.instances })].filter(Boolean).join(" · ")}
      </p>
      {detail.isError && <Failure error={detail.error} retry={() => void detail.refetch()} />}
      <ul className="preview-series" aria-label={t("study.seriesList")}>
        {settled
          ? settled.series.slice(0, SHOWN_SERIES).map((series) => (
              <li key={series.series_uid}>
                <Thumbnail series={series} eager />
                <span className="preview-caption">
                  <bdi className="truncate">{series.description ?? series.modality ?? ""}</bdi>
                  <span>{series.instances}</span>
                </span>
              </li>
            ))
          : Array.from({ length: Math.min(study.series, SHOWN_SERIES) }, (_, index) => (
              <li key={index} className="preview-waiting" aria-hidden />
            ))}
      </ul>
      {study.series > SHOWN_SERIES && (
        <p className="preview-sub">{t("preview.more", { count: study.series - SHOWN_SERIES })}</p>
      )}
      {settled && <Findings findings={settled.findings} />}
      <Facts facts={facts} className="facts" />
    </aside>
  );
}
