// A patient in words: name by component groups, sex, age at the study, dates in the reader's language.
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { ageAt, formatDate, formatName, formatRecentDate, formatTime } from "../api/dicom_text";
import type { Patient } from "../api/types";
import { useLocale } from "../i18n";
import "./patient.css";

export interface PatientText {
  name: (patient: Pick<Patient, "name" | "name_ideographic">) => string;
  sexAndAge: (patient: Patient, at: string | null) => string;
  date: (value: string | null) => string;
  dateTime: (date: string | null, time: string | null) => string;
}

export function usePatientText(): PatientText {
  const { t } = useTranslation();
  const locale = useLocale();
  const sex = (patient: Patient): string =>
    patient.sex ? t(`sex.${patient.sex.trim().toUpperCase()}`, { defaultValue: patient.sex }) : "";
  const age = (patient: Patient, at: string | null): string => {
    const found = ageAt(patient.birth_date, at);
    return found ? t(`age.${found.unit}`, { count: found.count }) : "";
  };
  return {
    name: (patient) => formatName(patient.name, patient.name_ideographic) || t("patient.unnamed"),
    sexAndAge: (patient, at) => [sex(patient), age(patient, at)].filter(Boolean).join(" "),
    date: (value) => formatDate(value, locale),
    dateTime: (date, time) => [formatRecentDate(date, locale), formatTime(time)].filter(Boolean).join(" "),
  };
}

export function Modality({ code }: { code: string }) {
  return <span className="modality">{code}</span>;
}

/** The patient's name, which leads to the patient's page. */
export function PatientLink({ patient }: { patient: Patient }) {
  const name = usePatientText().name(patient);
  if (!patient.key) return <>{name}</>;
  return (
    <Link to={`/patients/${patient.key}`} className="patient-link">
      {name}
    </Link>
  );
}
