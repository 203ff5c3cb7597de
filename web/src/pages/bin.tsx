// The bin: what was deleted, by whom and why, and the way back.
import { Button } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconAlertTriangle, IconArrowBackUp } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { formatMoment, isolate } from "../api/dicom_text";
import { ApiError } from "../api/client";
import type { Deletion } from "../api/types";
import { useLocale } from "../i18n";
import { Failure, Loading, Notice } from "../parts/notice";
import { PageHeader } from "../parts/page_header";
import { usePatientText } from "../parts/patient";
import { StatusBar } from "../parts/status_bar";
import { useDeletions, useRestore } from "../state/bin";
import "./bin.css";

export default function BinPage() {
  const { t } = useTranslation();
  useDocumentTitle(t("bin.documentTitle"));
  const deletions = useDeletions();
  return (
    <>
      <PageHeader>
        <h1>{t("bin.title")}</h1>
        <span className="page-header-space" />
      </PageHeader>
      <main id="content" tabIndex={-1} className="page-content bin-page">
        {deletions.isPending ? (
          <Loading label={t("bin.loading")} />
        ) : deletions.isError ? (
          <Failure error={deletions.error} retry={() => void deletions.refetch()} />
        ) : deletions.data.length === 0 ? (
          <Notice tone="empty" title={t("bin.empty")} text={t("bin.emptyText")} />
        ) : (
          <Entries deletions={deletions.data} />
        )}
      </main>
      <StatusBar>
        <span className="status-keys">{t("bin.kept")}</span>
      </StatusBar>
    </>
  );
}

function Entries({ deletions }: { deletions: Deletion[] }) {
  const { t } = useTranslation();
  const restore = useRestore();
  const failed = restore.error instanceof ApiError && restore.error.status === 404 ? t("bin.already") : t("bin.failed");
  return (
    <div className="bin">
      {restore.isError && (
        <p className="bin-failure" role="alert">
          <IconAlertTriangle size={16} stroke={1.8} aria-hidden />
          {failed}
        </p>
      )}
      <ul aria-label={t("bin.title")}>
        {deletions.map((deletion) => (
          <Entry
            key={deletion.id}
            deletion={deletion}
            busy={restore.isPending && restore.variables === deletion.id}
            restore={() => restore.mutate(deletion.id)}
          />
        ))}
      </ul>
    </div>
  );
}

function level(deletion: Deletion): "study" | "series" | "instance" {
  if (deletion.instance_uid) return "instance";
  return deletion.series_uid ? "series" : "study";
}

/** Who it was: people by their names alone, programs with what they are ("token:gateway"). */
const personOf = (actor: string): string => actor.replace(/^user:/, "");

function Entry({ deletion, busy, restore }: { deletion: Deletion; busy: boolean; restore: () => void }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const text = usePatientText();
  const name = text.name(deletion.patient);
  const where = deletion.instance_uid ?? deletion.series_uid ?? deletion.study_uid;
  const date = text.date(deletion.date);
  const images = t("study.objects", { count: deletion.instances });
  return (
    <li className={deletion.restored_at ? "bin-entry bin-restored" : "bin-entry"}>
      <div className="bin-what">
        <h2>{name}</h2>
        <p>{[deletion.patient.id && t("patient.id", { id: deletion.patient.id }), date, isolate(deletion.description ?? "")].filter(Boolean).join(" · ")}</p>
        <p>
          <span className="bin-level">{t(`bin.levels.${level(deletion)}`)}</span> {images}
        </p>
        <code className="truncate" title={where}>
          {where}
        </code>
      </div>
      <div className="bin-why">
        <p className={deletion.reason ? undefined : "undescribed"}><bdi>{deletion.reason || t("bin.noReason")}</bdi></p>
        <p className="dim">{t("bin.deleted", { actor: personOf(deletion.actor), when: formatMoment(deletion.deleted_at, locale) })}</p>
      </div>
      {deletion.restored_at ? (
        <p className="bin-way">
          {t("bin.restored", { actor: personOf(deletion.restored_by ?? ""), when: formatMoment(deletion.restored_at, locale) })}{" "}
          <Link to={`/studies/${deletion.study_uid}`}>{t("bin.open")}</Link>
        </p>
      ) : (
        <Button
          className="bin-way"
          variant="default"
          loading={busy}
          leftSection={<IconArrowBackUp size={16} stroke={1.6} />}
          aria-label={t("bin.restoreOf", { name })}
          onClick={restore}
        >
          {t("bin.restore")}
        </Button>
      )}
    </li>
  );
}
