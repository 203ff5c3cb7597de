// One patient: who it is, what to beware of, and all studies and documents over the years.
import { Button, Tooltip } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconAlertTriangle, IconArrowLeft, IconColumns2, IconEye, IconX } from "@tabler/icons-react";
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useParams } from "react-router";
import { dayFromToday } from "../api/dicom_text";
import type { PatientRecord, PatientStudy } from "../api/patients";
import { useKeys } from "../keys/use_keys";
import { Act } from "../parts/act";
import { Failure, Loading, Notice } from "../parts/notice";
import { PageHeader } from "../parts/page_header";
import { usePatientText } from "../parts/patient";
import { PatientStudyRow } from "../parts/patient_study";
import { KeyHint, StatusBar } from "../parts/status_bar";
import { Timeline, type Lanes } from "../parts/timeline";
import { bodyParts, isShown, monthOf, spanOf, useShown, yearOf, type Shown } from "../state/history";
import { usePatient } from "../state/patients";
import { useSignedIn } from "../state/session";
import { rememberWalk } from "../state/walk";
import "../parts/banner.css";
import "./patient.css";

const Readers = lazy(() => import("../parts/readers"));

const COMPARED = 2;

export default function PatientPage() {
  const { t } = useTranslation();
  const { key = "" } = useParams();
  const navigate = useNavigate();
  const patient = usePatient(key);
  const { rights } = useSignedIn();
  const [reading, setReading] = useState(false);
  // history keeps the list's place and filters; a link from outside has no list behind it
  const back = (): void => void (history.state?.idx > 0 ? navigate(-1) : navigate("/patients"));
  useKeys({ Escape: back });
  return (
    <>
      <PageHeader>
        <Act label={t("patient.back")} keys="Esc" onClick={back}>
          <IconArrowLeft size={20} stroke={1.6} />
        </Act>
        <h1>{t("patient.title")}</h1>
        <span className="page-header-space" />
        {rights.includes("audit") && (
          <Button variant="default" leftSection={<IconEye size={16} stroke={1.6} />} onClick={() => setReading(true)}>
            {t("readers.title")}
          </Button>
        )}
      </PageHeader>
      <main id="content" className="page-content patient-page">
        {patient.isPending ? (
          <Loading label={t("patient.loading")} />
        ) : patient.isError ? (
          <Failure error={patient.error} retry={() => void patient.refetch()} />
        ) : (
          <Patient key={key} record={patient.data} />
        )}
      </main>
      <StatusBar>
        <span className="status-keys">
          <KeyHint keys="↑↓" label={t("hints.move")} />
          <KeyHint keys="Enter" label={t("hints.open")} />
          <KeyHint keys="X" label={t("hints.choose")} />
          <KeyHint keys="C" label={t("hints.compare")} />
          <KeyHint keys="Esc" label={t("hints.back")} />
        </span>
      </StatusBar>
      <Suspense>{reading && <Readers patient={key} onClose={() => setReading(false)} />}</Suspense>
    </>
  );
}

function Patient({ record }: { record: PatientRecord }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [shown, change] = useShown();
  const [lanes, setLanes] = useState<Lanes>("modality");
  const [active, setActive] = useState<string | null>(null);
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const span = useMemo(() => spanOf(record.studies), [record.studies]);
  const studies = useMemo(() => record.studies.filter((study) => isShown(study, shown)), [record.studies, shown]);
  const uids = useMemo(() => studies.map((study) => study.study_uid), [studies]);
  const at = uids.indexOf(active ?? "");
  const reached = useRef(false); // by keys or the timeline; what is pointed at must not move away
  useEffect(() => {
    if (reached.current) document.getElementById(`history-${active}`)?.scrollIntoView({ block: "nearest" });
    reached.current = false;
  }, [active]);
  const reach = (uid: string | null): void => {
    reached.current = true;
    setActive(uid);
  };
  const open = (walk: readonly string[], uid: string | undefined): void => {
    if (!uid) return;
    rememberWalk(walk); // N and P go on through these
    void navigate(`/studies/${uid}`);
  };
  const choose = (uid: string): void =>
    setChosen((now) => (now.includes(uid) ? now.filter((one) => one !== uid) : [...now, uid].slice(-COMPARED)));
  const compare = (): void => {
    const pair = record.studies.map((study) => study.study_uid).filter((uid) => chosen.includes(uid));
    if (pair.length === COMPARED) open(pair, pair[0]);
  };
  const go = (index: number): void => reach(uids[Math.max(0, Math.min(uids.length - 1, index))] ?? null);
  useKeys({
    ArrowDown: () => go(at + 1),
    ArrowUp: () => go(at - 1),
    Home: () => go(0),
    End: () => go(uids.length - 1),
    Enter: () => at >= 0 && open(uids, uids[at]),
    x: () => active && choose(active),
    c: compare,
  });
  return (
    <div className="patient">
      <Banner record={record} />
      <Alerts record={record} />
      <Alike record={record} />
      {span && record.studies.length > 1 && (
        <section aria-label={t("patient.timeline")}>
          <Filters studies={record.studies} shown={shown} lanes={lanes} onLanes={setLanes} change={change} />
          <Timeline
            studies={record.studies}
            span={span}
            shown={shown}
            lanes={lanes}
            active={active}
            onRange={(from, to) => change({ from, to })}
            onSelect={reach}
          />
        </section>
      )}
      <section aria-label={t("patient.studies")}>
        <div className="history-head">
          <h3>
            {studies.length === record.studies.length
              ? t("patient.count", { count: studies.length })
              : t("patient.countOf", { count: record.studies.length, shown: studies.length })}
          </h3>
          <Button
            variant="default"
            disabled={chosen.length !== COMPARED}
            leftSection={<IconColumns2 size={16} stroke={1.6} />}
            onClick={compare}
          >
            {t("patient.compare")}
          </Button>
        </div>
        {studies.length === 0 && (
          <Notice
            tone="empty"
            title={t("empty.noMatch")}
            text={t("patient.noMatchText")}
            action={
              <Button variant="default" onClick={() => change({ from: null, to: null, modality: null, part: null })}>
                {t("filters.clear")}
              </Button>
            }
          />
        )}
        {byYear(studies).map(([year, own]) => (
          <section key={year ?? "undated"} aria-label={year ?? t("patient.undated")}>
            <h4 className="history-year">{year ?? t("patient.undated")}</h4>
            <ul className="history">
              {own.map((study) => (
                <PatientStudyRow
                  key={study.study_uid}
                  study={study}
                  isActive={study.study_uid === active}
                  isChosen={chosen.includes(study.study_uid)}
                  onSelect={() => setActive(study.study_uid)}
                  onChoose={() => choose(study.study_uid)}
                />
              ))}
            </ul>
          </section>
        ))}
        {record.cut && <p className="history-cut">{t("patient.cut", { count: record.studies.length })}</p>}
      </section>
    </div>
  );
}

/** Studies under the year that they are of, in their order; those without a date at the end. */
function byYear(studies: readonly PatientStudy[]): [string | null, PatientStudy[]][] {
  const years = new Map<string | null, PatientStudy[]>();
  for (const study of studies) {
    const month = monthOf(study.date);
    const year = month === null ? null : String(yearOf(month));
    years.set(year, [...(years.get(year) ?? []), study]);
  }
  return [...years];
}

function Banner({ record }: { record: PatientRecord }) {
  const { t } = useTranslation();
  const text = usePatientText();
  const { patient } = record;
  const name = text.name(patient);
  useDocumentTitle(t("study.documentTitle", { name }));
  const others = record.identifiers.filter((identifier) => identifier.other);
  return (
    <section className="banner" aria-label={t("patient.banner")}>
      <div className="banner-who">
        <h2>{name}</h2>
        <p>
          {[
            text.sexAndAge(patient, dayFromToday(0)),
            patient.birth_date && `${t("patient.born")} ${text.date(patient.birth_date)}`,
            t("patient.id", { id: patient.id ?? "—" }),
            patient.issuer,
          ]
            .filter(Boolean)
            .join(" · ")}
        </p>
        {record.other_names.length > 0 && <p>{t("patient.otherNames", { names: record.other_names.map((other) => text.name({ name: other, name_ideographic: null })).join("; ") })}</p>}
        {others.length > 0 && (
          <p>{t("patient.otherIds", { ids: others.map((each) => [each.value, each.issuer && `(${each.issuer})`].filter(Boolean).join(" ")).join(", ") })}</p>
        )}
        {record.comments && <p className="patient-comments">{record.comments}</p>}
      </div>
    </section>
  );
}

function Alerts({ record }: { record: PatientRecord }) {
  const { t } = useTranslation();
  const text = usePatientText();
  if (record.alerts.length === 0) return null;
  return (
    <section className="alerts" aria-label={t("alerts.title")}>
      <ul>
        {record.alerts.map((alert) => (
          <li key={`${alert.kind} ${alert.text}`}>
            <IconAlertTriangle size={16} stroke={1.8} aria-hidden />
            <strong>{t(`alerts.kinds.${alert.kind}`)}</strong>
            <span>{alert.text}</span>
            <Link to={`/studies/${alert.study_uid}`}>{t("alerts.from", { date: text.date(alert.date) || t("patient.undated") })}</Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Who may be the same person is offered, with the reason; nothing is joined. */
function Alike({ record }: { record: PatientRecord }) {
  const { t } = useTranslation();
  const text = usePatientText();
  if (record.alike.length === 0) return null;
  return (
    <details className="alike">
      <summary>{t("alike.count", { count: record.alike.length })}</summary>
      <p>{t("alike.text")}</p>
      <ul aria-label={t("alike.title")}>
        {record.alike.map(({ patient, studies, reasons, last }) => (
          <li key={patient.key}>
            <Link to={`/patients/${patient.key}`} className="patient-link">
              {text.name(patient)}
            </Link>
            <span>
              {[
                text.sexAndAge({ ...patient, birth_date: null }, null),
                patient.birth_date && `${t("patient.born")} ${text.date(patient.birth_date)}`,
                patient.id && t("patient.id", { id: patient.id }),
                patient.issuer,
                t("patient.count", { count: studies }),
                text.date(last),
              ]
                .filter(Boolean)
                .join(" · ")}
            </span>
            <span className="alike-reason">{reasons.map((reason) => t(`alike.reasons.${reason}`)).join("; ")}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}

interface FiltersProps {
  studies: readonly PatientStudy[];
  shown: Shown;
  lanes: Lanes;
  onLanes: (lanes: Lanes) => void;
  change: (change: Partial<Shown>) => void;
}

function Filters({ studies, shown, lanes, onLanes, change }: FiltersProps) {
  const { t } = useTranslation();
  const codes = [...new Set(studies.flatMap((study) => study.modalities))].sort();
  const parts = [...new Set(studies.flatMap(bodyParts))].sort();
  const isNarrowed = Object.values(shown).some((value) => value !== null);
  return (
    <div className="history-filters">
      <span className="history-lanes" role="group" aria-label={t("patient.lanes")}>
        {(["modality", "part"] as const).map((one) => (
          <button key={one} type="button" aria-pressed={lanes === one} onClick={() => onLanes(one)}>
            {t(`patient.lanesBy.${one}`)}
          </button>
        ))}
      </span>
      <Choice label={t("columns.modality")} all={t("filters.anyModality")} values={codes} value={shown.modality} onValue={(modality) => change({ modality })} />
      <Choice label={t("patient.part")} all={t("patient.anyPart")} values={parts} value={shown.part} onValue={(part) => change({ part })} />
      {isNarrowed && (
        <Tooltip label={t("filters.clear")}>
          <Button
            variant="subtle"
            color="gray"
            leftSection={<IconX size={14} stroke={1.8} />}
            onClick={() => change({ from: null, to: null, modality: null, part: null })}
          >
            {t("patient.all")}
          </Button>
        </Tooltip>
      )}
    </div>
  );
}

interface ChoiceProps {
  label: string;
  all: string;
  values: string[];
  value: string | null;
  onValue: (value: string | null) => void;
}

function Choice({ label, all, values, value, onValue }: ChoiceProps) {
  if (values.length < 2 && value === null) return null;
  return (
    <select aria-label={label} value={value ?? ""} onChange={(event) => onValue(event.target.value || null)}>
      <option value="">{all}</option>
      {[...new Set([...values, ...(value ? [value] : [])])].map((each) => (
        <option key={each} value={each}>
          {each}
        </option>
      ))}
    </select>
  );
}
