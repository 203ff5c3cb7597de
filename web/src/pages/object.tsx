// One object: what it is, its picture, text or film, and every attribute in it. Whatever came has this page.
import { Button } from "@mantine/core";
import { useDebouncedValue, useDocumentTitle } from "@mantine/hooks";
import { IconArrowLeft, IconChevronLeft, IconChevronRight, IconDownload, IconFileUnknown, IconSearch } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useParams } from "react-router";
import { formatBytes } from "../api/bytes";
import { formatMoment } from "../api/dicom_text";
import type { ObjectFacts } from "../api/patients";
import { useLocale } from "../i18n";
import { useKeys } from "../keys/use_keys";
import { Act } from "../parts/act";
import { AttributeTree } from "../parts/attribute_tree";
import { Failure, Loading } from "../parts/notice";
import { PageHeader } from "../parts/page_header";
import { PatientLink, usePatientText } from "../parts/patient";
import { KeyHint, StatusBar } from "../parts/status_bar";
import { Facts, type Fact } from "../parts/study_facts";
import { objectAddress, useAttributes, useNames, useObject, useObjectText } from "../state/objects";
import { useStudy } from "../state/studies";
import "./object.css";

const SEARCH_DELAY = 120; // ms after the last letter
const PICTURE = 960; // device pixels

const kindOf = (facts: ObjectFacts): string => facts.sop_class.name?.replace(/ Storage$/, "") ?? facts.sop_class.uid;

export default function ObjectPage() {
  const { t } = useTranslation();
  const { uid = "", instance = "" } = useParams();
  const navigate = useNavigate();
  const object = useObject(uid, instance);
  const facts = object.data ?? null;
  const search = useRef<HTMLInputElement>(null);
  const go = (to: string | null | undefined): void =>
    void (to && navigate(`/studies/${uid}/objects/${to}`, { replace: true }));
  const toStudy = (): void => void navigate(`/studies/${uid}`);
  useKeys({
    Escape: toStudy,
    n: () => go(facts?.next),
    p: () => go(facts?.previous),
    d: () => facts && location.assign(fileAddress(facts)),
    "/": () => search.current?.select(),
    "Ctrl+K": () => search.current?.select(),
  });
  return (
    <>
      <PageHeader>
        <Act label={t("object.back")} keys="Esc" onClick={toStudy}>
          <IconArrowLeft size={20} stroke={1.6} />
        </Act>
        <h1>{t("object.title")}</h1>
        {facts && (
          <span className="object-position">{t("object.position", { position: facts.position, count: facts.count })}</span>
        )}
        <span className="page-header-space" />
        <Act label={t("object.previous")} keys="P" disabled={!facts?.previous} onClick={() => go(facts?.previous)}>
          <IconChevronLeft size={20} stroke={1.6} />
        </Act>
        <Act label={t("object.next")} keys="N" disabled={!facts?.next} onClick={() => go(facts?.next)}>
          <IconChevronRight size={20} stroke={1.6} />
        </Act>
      </PageHeader>
      <main id="content" className="page-content object-page">
        {object.isPending ? (
          <Loading label={t("object.loading")} />
        ) : object.isError ? (
          <Failure error={object.error} retry={() => void object.refetch()} />
        ) : (
          <>
            <About key={object.data.instance_uid} facts={object.data} />
            <Attributes key={`attributes-${object.data.instance_uid}`} facts={object.data} field={search} />
          </>
        )}
      </main>
      <StatusBar>
        <span className="status-keys">
          <KeyHint keys="Esc" label={t("hints.back")} />
          <KeyHint keys="N P" label={t("hints.nextObject")} />
          <KeyHint keys="/" label={t("hints.search")} />
          <KeyHint keys="D" label={t("hints.download")} />
        </span>
      </StatusBar>
    </>
  );
}

const fileAddress = (facts: ObjectFacts): string => `${objectAddress(facts)}?accept=application/dicom`;

function About({ facts }: { facts: ObjectFacts }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const text = usePatientText();
  const study = useStudy(facts.study_uid).data;
  const kind = kindOf(facts);
  useDocumentTitle(t("object.documentTitle", { kind }));
  const rows: Fact[] = [
    [t("object.class"), facts.sop_class.name ?? t("object.unknownClass", { uid: facts.sop_class.uid })],
    [t("object.syntax"), facts.transfer_syntax.name ?? facts.transfer_syntax.uid],
    [t("object.size"), formatBytes(facts.bytes, locale)],
    [t("columns.received"), formatMoment(facts.received_at, locale)],
    [t("object.corrected"), facts.corrected && t("object.correctedText")],
    [t("object.uid"), <code key="uid">{facts.instance_uid}</code>],
  ];
  return (
    <div className="object-about">
      {study && (
        <section className="object-who" aria-label={t("patient.banner")}>
          <h2>
            <PatientLink patient={study.patient} />
          </h2>
          <p>
            {[
              text.sexAndAge(study.patient, study.date),
              study.patient.birth_date && `${t("patient.born")} ${text.date(study.patient.birth_date)}`,
              study.patient.id && t("patient.id", { id: study.patient.id }),
            ]
              .filter(Boolean)
              .join(" · ")}
          </p>
          <p>
            <Link to={`/studies/${facts.study_uid}`}>{study.description ?? t("study.undescribed")}</Link>
            {study.date && ` · ${text.dateTime(study.date, study.time)}`}
          </p>
        </section>
      )}
      <section className="object-look" aria-label={t("object.look")}>
        <Look facts={facts} kind={kind} />
      </section>
      <div className="object-acts">
        <Button component="a" href={fileAddress(facts)} download leftSection={<IconDownload size={16} stroke={1.6} />}>
          {t("object.download")}
        </Button>
        {facts.shown_as === "pdf" && (
          <Button component="a" variant="default" href={`${objectAddress(facts)}/rendered?accept=application/pdf`} download>
            {t("object.downloadPdf")}
          </Button>
        )}
      </div>
      <Facts facts={rows} className="facts" />
    </div>
  );
}

function Look({ facts, kind }: { facts: ObjectFacts; kind: string }) {
  if (facts.shown_as === "text") return <Text facts={facts} kind={kind} />;
  if (facts.shown_as === "video") return <Film facts={facts} kind={kind} />;
  return <Picture facts={facts} kind={kind} />;
}

function Picture({ facts, kind }: { facts: ObjectFacts; kind: string }) {
  const { t } = useTranslation();
  const [failed, setFailed] = useState(false);
  if (failed) return <Card facts={facts} kind={kind} />;
  const address = `${objectAddress(facts)}/rendered?accept=image/jpeg&viewport=${PICTURE},${PICTURE}`;
  return <img src={address} alt={t("series.picture", { label: kind })} decoding="async" onError={() => setFailed(true)} />;
}

/** A film, or its poster where the browser cannot play what is stored. */
function Film({ facts, kind }: { facts: ObjectFacts; kind: string }) {
  const [failed, setFailed] = useState(false);
  if (failed) return <Picture facts={facts} kind={kind} />;
  const address = `${objectAddress(facts)}/rendered?accept=video/mp4`;
  return <video src={address} controls loop aria-label={kind} onError={() => setFailed(true)} />;
}

function Text({ facts, kind }: { facts: ObjectFacts; kind: string }) {
  const { t } = useTranslation();
  const text = useObjectText(facts);
  if (text.isPending) return <Loading label={t("object.loading")} />;
  if (text.isError) return <Picture facts={facts} kind={kind} />;
  return <iframe title={kind} sandbox="" srcDoc={text.data} />;
}

/** What has no picture at all says at least what it is. */
function Card({ facts, kind }: { facts: ObjectFacts; kind: string }) {
  const { t } = useTranslation();
  return (
    <div className="object-card">
      <IconFileUnknown size={40} stroke={1.2} aria-hidden />
      <strong>{kind}</strong>
      <span>{t("object.noLook")}</span>
      {facts.sop_class.name === null && <code>{facts.sop_class.uid}</code>}
    </div>
  );
}

function Attributes({ facts, field }: { facts: ObjectFacts; field: React.RefObject<HTMLInputElement | null> }) {
  const { t } = useTranslation();
  const attributes = useAttributes(facts);
  const names = useNames();
  const [typed, setTyped] = useState("");
  const [search] = useDebouncedValue(typed, SEARCH_DELAY);
  return (
    <section className="object-attributes" aria-label={t("object.attributes")}>
      <div className="search object-search" role="search">
        <IconSearch size={16} stroke={1.6} aria-hidden />
        <input
          ref={field}
          type="search"
          value={typed}
          placeholder={t("object.searchPlaceholder")}
          aria-label={t("object.search")}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => setTyped(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape" && typed) setTyped("");
            else if (["Escape", "ArrowDown", "Enter"].includes(event.key)) {
              event.preventDefault();
              event.currentTarget.blur();
              document.querySelector<HTMLElement>('[role="tree"]')?.focus();
            }
          }}
        />
      </div>
      {attributes.isPending || names.isPending ? (
        <Loading label={t("object.loadingAttributes")} />
      ) : attributes.isError ? (
        <Failure error={attributes.error} retry={() => void attributes.refetch()} />
      ) : (
        <AttributeTree dataSet={attributes.data} names={names.data ?? {}} search={search} />
      )}
    </section>
  );
}
