// Asks before something goes to the bin: what it is and whose, how much of it, and why.
import { Button, Modal, TextInput } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useState, type SubmitEvent } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api/client";
import { MAX_REASON, useDelete, type Target } from "../state/bin";
import { Modality, usePatientText } from "./patient";
import { countKey, StudyHeading } from "./study_facts";
import "./delete_dialog.css";
import "./filters.css";

const REASONS = ["wrongPatient", "wrongStudy", "quality", "twice", "test"] as const;

interface DeleteDialogProps {
  target: Target;
  onDeleted: () => void;
  onClose: () => void;
}

export default function DeleteDialog({ target, onDeleted, onClose }: DeleteDialogProps) {
  const { t } = useTranslation();
  const [reason, setReason] = useState("");
  const deleting = useDelete(onDeleted);
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (reason.trim()) deleting.mutate({ target, reason: reason.trim() });
  };
  return (
    <Modal
      opened
      size={500}
      onClose={onClose}
      title={t(target.series ? "delete.series" : "delete.study")}
      closeButtonProps={{ "aria-label": t("delete.close") }}
      transitionProps={{ duration: 80 }}
    >
      <form className="delete-dialog" onSubmit={submit}>
        <What target={target} />
        <p>{t("delete.explain")}</p>
        <TextInput
          data-autofocus
          label={t("delete.reason")}
          name="reason"
          autoComplete="off"
          required
          withAsterisk={false}
          maxLength={MAX_REASON}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        <div className="delete-reasons" role="group" aria-label={t("delete.usual")}>
          {REASONS.map((each) => (
            <button key={each} type="button" className="chip" onClick={() => setReason(t(`delete.reasons.${each}`))}>
              {t(`delete.reasons.${each}`)}
            </button>
          ))}
        </div>
        {deleting.error && (
          <p className="delete-failure" role="alert">
            {t(failure(deleting.error))}
          </p>
        )}
        <div className="delete-acts">
          <Button variant="default" onClick={onClose}>
            {t("delete.cancel")}
          </Button>
          <Button
            type="submit"
            className="button-danger"
            loading={deleting.isPending}
            disabled={!reason.trim()}
            leftSection={<IconTrash size={16} stroke={1.6} />}
          >
            {t("delete.submit")}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

function What({ target: { study, series, seriesCount, instances } }: { target: Target }) {
  const { t } = useTranslation();
  const text = usePatientText();
  const { patient } = study;
  return (
    <section className="delete-what" aria-label={t("delete.what")}>
      <h3>{text.name(patient)}</h3>
      <p>
        {[
          text.sexAndAge(patient, study.date),
          patient.birth_date && `${t("patient.born")} ${text.date(patient.birth_date)}`,
          patient.id && t("patient.id", { id: patient.id }),
        ]
          .filter(Boolean)
          .join(" · ")}
      </p>
      <StudyHeading study={study} className="delete-study" />
      <p>{text.dateTime(study.date, study.time)}</p>
      {series && (
        <p className="delete-of">
          {series.modality && <Modality code={series.modality} />}
          <bdi>{[series.number, series.description ?? t("series.undescribed")].filter((part) => part !== null).join(" · ")}</bdi>
        </p>
      )}
      <p className="delete-count">
        {[!series && t("study.series", { count: seriesCount }), t(series ? countKey(series) : "study.images", { count: instances })].filter(Boolean).join(", ")}
      </p>
    </section>
  );
}

function failure(error: Error) {
  const status = error instanceof ApiError ? error.status : -1;
  if (status === 404) return "delete.missing" as const;
  if (status === 403) return "failure.forbiddenText" as const;
  return status === 0 ? ("failure.offlineText" as const) : ("failure.text" as const);
}
