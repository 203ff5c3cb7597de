// Whose images these are: words that stand in every viewport, and the loud warning when they are of two people.
import { IconAlertTriangle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Patient } from "../../api/types";
import { usePatientText } from "../../parts/patient";

type Whose = Omit<Patient, "key">;

/** Name, then sex, birth date and identifier; what is not known is said so. */
export function Identity({ patient }: { patient: Whose }) {
  const { t } = useTranslation();
  const text = usePatientText();
  return (
    <>
      <strong>{text.name(patient)}</strong>
      <span>
        {[
          patient.sex ? t(`sex.${patient.sex.trim().toUpperCase()}`, { defaultValue: patient.sex }) : t("read.noSex"),
          text.date(patient.birth_date) || t("read.noBirthDate"),
          patient.id ? t("patient.id", { id: patient.id }) : t("read.noId"),
        ].join(" · ")}
      </span>
    </>
  );
}

export function PatientAlert({ patients }: { patients: readonly Whose[] }) {
  const { t } = useTranslation();
  const text = usePatientText();
  return (
    <div className="patient-alert" role="alert">
      <IconAlertTriangle size={22} stroke={2} aria-hidden />
      <strong>{t("read.patients", { count: patients.length })}</strong>
      <span>{patients.map((patient) => [text.name(patient), patient.id].filter(Boolean).join(" ")).join("  |  ")}</span>
    </div>
  );
}
