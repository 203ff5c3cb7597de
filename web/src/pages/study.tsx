// One study: whose it is, what the archive noticed, its series with pictures, and the way to take it along.
import { ActionIcon, Button, Tooltip } from "@mantine/core";
import { useClipboard, useDocumentTitle } from "@mantine/hooks";
import { IconArrowLeft, IconChevronLeft, IconChevronRight, IconCopy, IconDownload, IconEye, IconListTree, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useParams } from "react-router";
import { formatMoment } from "../api/dicom_text";
import type { Series, StudyDetail } from "../api/types";
import { useLocale } from "../i18n";
import { useKeys } from "../keys/use_keys";
import { Act } from "../parts/act";
import { Findings } from "../parts/findings";
import { Failure, Loading } from "../parts/notice";
import { PageHeader } from "../parts/page_header";
import { Modality, PatientLink, usePatientText } from "../parts/patient";
import { KeyHint, StatusBar } from "../parts/status_bar";
import { countKey, DownloadButton, type Fact, Facts, StudyHeading } from "../parts/study_facts";
import { Thumbnail } from "../parts/thumbnail";
import { useAskToDelete, wholeStudy } from "../state/bin";
import { downloadAddress, useStudy } from "../state/studies";
import { neighbour } from "../state/walk";
import "../parts/banner.css";
import "./study.css";

export default function StudyPage() {
  const { t } = useTranslation();
  const { uid = "" } = useParams();
  const navigate = useNavigate();
  const study = useStudy(uid);
  const previous = neighbour(uid, -1);
  const next = neighbour(uid, 1);
  // history keeps the list's place and filters; a link from outside has no list behind it
  const back = (): void => void (history.state?.idx > 0 ? navigate(-1) : navigate("/worklist"));
  const go = (to: string | null): void => void (to && navigate(`/studies/${to}`, { replace: true }));
  const askToDelete = useAskToDelete();
  const found = study.data;
  const deleteStudy =
    askToDelete && found ? () => askToDelete(wholeStudy({ ...found, series: found.series.length }), back) : null;
  const deleteSeries =
    askToDelete && found
      ? (series: Series) => {
          const left = found.series.length > 1 ? () => document.getElementById("content")?.focus() : back;
          askToDelete({ study: found, series, seriesCount: 1, instances: series.instances }, left);
        }
      : null;
  useKeys({
    Escape: back,
    n: () => go(next),
    p: () => go(previous),
    Enter: () => void navigate(`/read/${uid}`),
    d: () => location.assign(downloadAddress(uid)),
    h: () => void (found?.patient.key && navigate(`/patients/${found.patient.key}`)),
    Delete: () => deleteStudy?.(),
  });
  return (
    <>
      <PageHeader>
        <Act label={t("study.back")} keys="Esc" onClick={back}>
          <IconArrowLeft size={20} stroke={1.6} />
        </Act>
        <h1>{t("study.title")}</h1>
        <span className="page-header-space" />
        <Act label={t("study.previous")} keys="P" disabled={previous === null} onClick={() => go(previous)}>
          <IconChevronLeft size={20} stroke={1.6} />
        </Act>
        <Act label={t("study.next")} keys="N" disabled={next === null} onClick={() => go(next)}>
          <IconChevronRight size={20} stroke={1.6} />
        </Act>
      </PageHeader>
      <main id="content" tabIndex={-1} className="page-content study-page">
        {study.isPending ? (
          <Loading label={t("study.loading")} />
        ) : study.isError ? (
          <Failure error={study.error} retry={() => void study.refetch()} />
        ) : (
          <Study study={study.data} deleteStudy={deleteStudy} deleteSeries={deleteSeries} />
        )}
      </main>
      <StatusBar>
        <span className="status-keys">
          <KeyHint keys="Esc" label={t("hints.back")} />
          <KeyHint keys="Enter" label={t("hints.open")} />
          <KeyHint keys="N P" label={t("hints.next")} />
          <KeyHint keys="D" label={t("hints.download")} />
          <KeyHint keys="U" label={t("hints.upload")} />
        </span>
      </StatusBar>
    </>
  );
}

interface StudyProps {
  study: StudyDetail;
  deleteStudy: (() => void) | null; // null: they may not
  deleteSeries: ((series: Series) => void) | null;
}

function Study({ study, deleteStudy, deleteSeries }: StudyProps) {
  const { t } = useTranslation();
  const locale = useLocale();
  const text = usePatientText();
  const { patient } = study;
  const name = text.name(patient);
  useDocumentTitle(t("study.documentTitle", { name }));
  const facts: Fact[] = [
    [t("columns.date"), text.dateTime(study.date, study.time)],
    [t("columns.accession"), study.accession],
    [t("columns.received"), formatMoment(study.received_at, locale)],
    [t("study.uid"), <Uid key="uid" uid={study.study_uid} />],
  ];
  return (
    <div className="study">
      <section className="banner" aria-label={t("patient.banner")}>
        <div className="banner-who">
          <h2>
            <PatientLink patient={patient} />
          </h2>
          <p>
            {[
              text.sexAndAge(patient, study.date),
              patient.birth_date && `${t("patient.born")} ${text.date(patient.birth_date)}`,
              patient.id && t("patient.id", { id: patient.id }),
              patient.issuer,
            ]
              .filter(Boolean)
              .join(" · ")}
          </p>
        </div>
        <div className="banner-acts">
          <Button component={Link} to={`/read/${study.study_uid}`} leftSection={<IconEye size={16} stroke={1.6} />}>
            {t("study.open")}
          </Button>
          <DownloadButton studyUid={study.study_uid} />
          {deleteStudy && (
            <Tooltip label={`${t("delete.thisStudy")}  Del`} openDelay={300}>
              <Button variant="default" leftSection={<IconTrash size={16} stroke={1.6} />} onClick={deleteStudy}>
                {t("delete.act")}
              </Button>
            </Tooltip>
          )}
        </div>
      </section>
      <section className="study-summary" aria-label={t("study.title")}>
        <StudyHeading study={study} />
        <Facts facts={facts} />
      </section>
      <Findings findings={study.findings} />
      <section aria-label={t("study.seriesList")}>
        <h3 className="study-count">
          {t("study.series", { count: study.series.length })}
          <span>{t("study.images", { count: study.instances })}</span>
        </h3>
        <ul className="series-cards">
          {study.series.map((series) => (
            <SeriesCard
              key={series.series_uid}
              studyUid={study.study_uid}
              series={series}
              drop={deleteSeries && (() => deleteSeries(series))}
            />
          ))}
        </ul>
      </section>
    </div>
  );
}

function Uid({ uid }: { uid: string }) {
  const { t } = useTranslation();
  const clipboard = useClipboard({ timeout: 1500 });
  return (
    <span className="uid">
      <code className="truncate">{uid}</code>
      <Tooltip label={t(clipboard.copied ? "study.copied" : "study.copy")}>
        <ActionIcon variant="subtle" color="gray" size="sm" aria-label={t("study.copy")} onClick={() => clipboard.copy(uid)}>
          <IconCopy size={14} stroke={1.6} />
        </ActionIcon>
      </Tooltip>
    </span>
  );
}

interface SeriesCardProps {
  studyUid: string;
  series: Series;
  drop: (() => void) | null;
}

function SeriesCard({ studyUid, series, drop }: SeriesCardProps) {
  const { t } = useTranslation();
  const title = series.description ?? t("series.undescribed");
  return (
    <li className="series-card">
      <div className="series-picture">
        <Thumbnail series={series} />
      </div>
      <div className="series-text">
        <h4 title={title}>
          {series.number !== null && <span className="series-number">{series.number} </span>}
          <bdi className={series.description ? undefined : "undescribed"}>{title}</bdi>
        </h4>
        <p>
          {series.modality && <Modality code={series.modality} />}
          <span className="series-meta">
            <span>{t(countKey(series), { count: series.instances })}</span>
            <span>{series.body_part}</span>
          </span>
          <span className="series-acts">
            {series.first_instance && (
              <Tooltip label={t("series.attributes")}>
                <ActionIcon
                  component={Link}
                  to={`/studies/${studyUid}/objects/${series.first_instance}`}
                  variant="subtle"
                  color="gray"
                  aria-label={t("series.attributesOf", { title })}
                >
                  <IconListTree size={15} stroke={1.6} />
                </ActionIcon>
              </Tooltip>
            )}
            <Tooltip label={t("series.download")}>
              <ActionIcon
                component="a"
                href={downloadAddress(studyUid, series.series_uid)}
                download
                variant="subtle"
                color="gray"
                aria-label={t("series.downloadOf", { title })}
              >
                <IconDownload size={15} stroke={1.6} />
              </ActionIcon>
            </Tooltip>
            {drop && (
              <Tooltip label={t("delete.thisSeries")}>
                <ActionIcon variant="subtle" color="gray" aria-label={t("delete.seriesOf", { title })} onClick={drop}>
                  <IconTrash size={15} stroke={1.6} />
                </ActionIcon>
              </Tooltip>
            )}
          </span>
        </p>
      </div>
    </li>
  );
}
