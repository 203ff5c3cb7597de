// Says what has just been deleted, and takes it back on demand.
import { Button, CloseButton } from "@mantine/core";
import { IconArrowBackUp } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { isolate } from "../api/dicom_text";
import { useKeys } from "../keys/use_keys";
import { useUndo, type Target } from "../state/bin";
import { usePatientText } from "./patient";
import { countKey } from "./study_facts";
import "./deleted_toast.css";

const SHOWN_MS = 20_000; // then the bin is the way back

export function DeletedToast({ target, onClose }: { target: Target; onClose: () => void }) {
  const { t } = useTranslation();
  const text = usePatientText();
  const undo = useUndo();
  const [held, setHeld] = useState(false);
  const canUndo = undo.isIdle;
  useKeys(canUndo ? { "Ctrl+Z": () => undo.mutate(target) } : {});
  useEffect(() => {
    if (held || undo.isPending) return;
    const timer = setTimeout(onClose, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [held, undo.isPending, onClose]);
  const what = target.series
    ? t("delete.deletedSeries", { title: isolate(target.series.description ?? "") || t("series.undescribed") })
    : t("delete.deletedStudy", { title: isolate(target.study.description ?? "") || t("study.undescribed") });
  return (
    <section
      className="toast"
      aria-label={t("delete.toast")}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <p role="status">
        <strong>{undo.isSuccess ? t("delete.undone") : undo.isError ? t("delete.notUndone") : what}</strong>
        <span>{[text.name(target.study.patient), t(target.series ? countKey(target.series) : "study.images", { count: target.instances })].join(" · ")}</span>
      </p>
      {undo.isSuccess ? (
        <Link to={`/studies/${target.study.study_uid}`}>{t("bin.open")}</Link>
      ) : undo.isError ? (
        <Link to="/bin">{t("delete.toBin")}</Link>
      ) : (
        <Button
          size="compact-sm"
          variant="default"
          loading={undo.isPending}
          leftSection={<IconArrowBackUp size={15} stroke={1.6} />}
          onClick={() => undo.mutate(target)}
        >
          {t("delete.undo")}
          <kbd>Ctrl Z</kbd>
        </Button>
      )}
      <CloseButton size="sm" aria-label={t("delete.closeToast")} onClick={onClose} />
    </section>
  );
}
