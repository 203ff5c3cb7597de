// A study in a patient's history: when, what, how much, its pictures and documents, and a mark to compare it by.
import { Button, Checkbox, Tooltip } from "@mantine/core";
import { IconAlertTriangle, IconFileText } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { PatientStudy } from "../api/patients";
import { bodyParts } from "../state/history";
import { Modality, usePatientText } from "./patient";
import { Thumbnail } from "./thumbnail";

const SHOWN_SERIES = 4;
const SHOWN_DOCUMENTS = 6;

interface PatientStudyProps {
  study: PatientStudy;
  isActive: boolean;
  isChosen: boolean;
  onSelect: () => void;
  onChoose: () => void;
}

export function PatientStudyRow({ study, isActive, isChosen, onSelect, onChoose }: PatientStudyProps) {
  const { t } = useTranslation();
  const text = usePatientText();
  const date = text.date(study.date) || t("patient.undated");
  const title = study.description ?? t("study.undescribed");
  const images = study.series.filter((series) => series.document === null);
  const documents = study.series.filter((series) => series.document !== null);
  const parts = bodyParts(study);
  return (
    <li
      id={`history-${study.study_uid}`}
      className={isActive ? "history-row history-active" : "history-row"}
      {...(isActive ? { "aria-current": true } : {})}
      onMouseDown={onSelect}
    >
      <Checkbox
        className="history-choose"
        checked={isChosen}
        onChange={onChoose}
        aria-label={t("patient.choose", { date, title })}
      />
      <div className="history-what">
        <h4>
          {study.modalities.map((code) => (
            <Modality key={code} code={code} />
          ))}
          <Link to={`/studies/${study.study_uid}`} className="patient-link">
            <span className={study.description ? undefined : "undescribed"}>{title}</span>
          </Link>
          {study.warnings > 0 && (
            <Tooltip label={t("list.warnings", { count: study.warnings })} openDelay={200}>
              <span className="study-warning" role="img" aria-label={t("list.warnings", { count: study.warnings })}>
                <IconAlertTriangle size={15} stroke={1.8} aria-hidden />
              </span>
            </Tooltip>
          )}
        </h4>
        <p>
          {[
            text.dateTime(study.date, study.time) || t("patient.undated"),
            parts.join(", "),
            t("study.series", { count: study.series.length }),
            t("study.images", { count: study.instances }),
            study.accession,
          ]
            .filter(Boolean)
            .join(" · ")}
        </p>
        {documents.length > 0 && (
          <ul className="history-documents" aria-label={t("patient.documents")}>
            {documents.slice(0, SHOWN_DOCUMENTS).map((series) => (
              <li key={series.series_uid}>
                <Link to={`/studies/${study.study_uid}/objects/${series.first_instance}`}>
                  <IconFileText size={14} stroke={1.6} aria-hidden />
                  {series.description ?? series.kind?.replace(/ Storage$/, "") ?? t("series.undescribed")}
                </Link>
                <span className="history-kind">{t(`documents.${series.document}`, { defaultValue: series.document ?? "" })}</span>
              </li>
            ))}
          </ul>
        )}
      </div>
      <ul className="history-pictures" aria-label={t("study.seriesList")}>
        {images.slice(0, SHOWN_SERIES).map((series) => (
          <li key={series.series_uid} title={[series.modality, series.description, series.body_part].filter(Boolean).join(" · ")}>
            <Thumbnail series={series} />
          </li>
        ))}
        {images.length > SHOWN_SERIES && <li className="history-more">+{images.length - SHOWN_SERIES}</li>}
      </ul>
      <Button component={Link} to={`/studies/${study.study_uid}`} variant="default" className="history-open" aria-label={t("patient.openStudy", { date, title })}>
        {t("preview.open")}
      </Button>
    </li>
  );
}
