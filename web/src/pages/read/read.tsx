// The viewer: one study on black, its series beside it, everything by key, mouse and touch.
import { useDocumentTitle } from "@mantine/hooks";
import { useMantineColorScheme } from "@mantine/core";
import { useCallback, useEffect, useLayoutEffect, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { useLocation, useNavigate, useNavigationType, useParams, useSearchParams } from "react-router";
import type { StudyDetail } from "../../api/types";
import { Failure, Loading, Notice } from "../../parts/notice";
import { usePatientText } from "../../parts/patient";
import { usePaced } from "../../state/paced";
import { useStudy } from "../../state/studies";
import { neighbour } from "../../state/walk";
import { differentPatients } from "../../viewport/model/frames";
import { hangingOrder, hung } from "../../viewport/model/hanging";
import { Reader, type Snapshot } from "../../viewport/reader";
import { readScene, sceneOf, writeScene, type Scene } from "../../viewport/scene";
import { useReadKeys, type Acts } from "./acts";
import { PatientAlert } from "./identity";
import { PaneGrid } from "./pane_grid";
import { SeriesRail } from "./series_rail";
import { Toolbar } from "./toolbar";
import "./read.css";

const ADDRESS_DELAY = 300; // browsers refuse more than some 20 changes of the address a second

export default function ReadPage() {
  const { t } = useTranslation();
  const { uid = "" } = useParams();
  const study = useStudy(uid);
  useDark();
  if (study.isPending) return <Loading label={t("study.loading")} />;
  if (study.isError) return <Failure error={study.error} retry={() => void study.refetch()} />;
  if (study.data.series.length === 0) return <Notice tone="empty" title={t("read.empty")} text={t("read.emptyText")} />;
  return <Opened key={uid} study={study.data} />;
}

/** Images are read on dark ground, whatever the reader has chosen for the other pages. */
function useDark(): void {
  const { colorScheme } = useMantineColorScheme();
  useLayoutEffect(() => {
    const root = document.documentElement;
    const before = root.getAttribute("data-mantine-color-scheme") ?? "dark";
    root.setAttribute("data-mantine-color-scheme", "dark");
    return () => root.setAttribute("data-mantine-color-scheme", before);
  }, [colorScheme]);
}

function firstScene(study: StudyDetail, params: URLSearchParams): Scene {
  const uids = study.series.map((series) => series.series_uid);
  const ordered = hangingOrder(study.series).map((series) => series.series_uid);
  const scene = sceneOf(hung(study.modalities, uids.length), ordered);
  return readScene(params, scene, uids) ?? scene;
}

/** The reader of a study lives as long as its page: StrictMode makes and ends it twice. */
function Opened({ study }: { study: StudyDetail }) {
  const [params] = useSearchParams();
  const [reader, setReader] = useState<Reader | null>(null);
  useEffect(() => {
    const opened = new Reader(study.study_uid, firstScene(study, params));
    setReader(opened);
    return () => {
      setReader(null);
      opened.close();
    };
    // the address at the start counts; later ones are followed below
  }, [study.study_uid]);
  return reader && <Reading study={study} reader={reader} />;
}

function Reading({ study, reader }: { study: StudyDetail; reader: Reader }) {
  const { t } = useTranslation();
  const text = usePatientText();
  useDocumentTitle(t("read.documentTitle", { name: text.name(study.patient) }));
  const snapshot = useSyncExternalStore(reader.subscribe, reader.current);
  const acts = useActs(study, reader);
  useReadKeys(acts);
  useAddress(study, reader, snapshot);
  const patients = differentPatients(
    snapshot.scene.panes
      .filter((_, at) => !snapshot.scene.maximised || at === snapshot.scene.active)
      .flatMap(({ series }) => (series === null ? [] : (snapshot.series.get(series)?.content?.patients ?? []))),
  );
  return (
    <div className="read-page">
      <Toolbar study={study} snapshot={snapshot} acts={acts} />
      {patients.length > 1 && <PatientAlert patients={patients} />}
      <div className="read-body">
        <SeriesRail study={study} snapshot={snapshot} onShow={acts.showSeries} />
        <main id="content" className="read-main" aria-label={t("read.images")}>
          <PaneGrid study={study} snapshot={snapshot} reader={reader} acts={acts} />
        </main>
      </div>
    </div>
  );
}

function useActs(study: StudyDetail, reader: Reader): Acts {
  const navigate = useNavigate();
  const series = study.series.map((each) => each.series_uid);
  const leave = (): void => void (history.state?.idx > 0 ? navigate(-1) : navigate("/worklist"));
  const go = (step: 1 | -1): void => {
    const next = neighbour(study.study_uid, step);
    if (next) void navigate(`/read/${next}`, { replace: true });
  };
  return { reader, series, leave, go, showSeries: (uid, at) => reader.change((scene) => placed(scene, uid, at)) };
}

function placed(scene: Scene, uid: string, at: number | null): Scene {
  const target = at ?? scene.active;
  const panes = scene.panes.map((pane, index) => (index === target ? sceneOf({ rows: 1, columns: 1 }, [uid]).panes[0] ?? pane : pane));
  return { ...scene, panes, active: target, playing: scene.playing === target ? null : scene.playing };
}

/** The scene in the address, and the address in the scene: Back undoes a layout or a series, not each slice. */
function useAddress(study: StudyDetail, reader: Reader, { scene }: Snapshot): void {
  const [, setParams] = useSearchParams();
  const location = useLocation();
  const arrived = useNavigationType();
  const [written, setWritten] = useState<string | null>(null);
  const write = useCallback(
    (search: string) => {
      const before = new URLSearchParams(window.location.search);
      const coarse = (params: URLSearchParams): string =>
        [params.get("layout"), ...params.getAll("pane").map((pane) => pane.split(":")[0]), params.get("large")].join(" ");
      const isNew = before.has("layout") && coarse(before) !== coarse(new URLSearchParams(search));
      setWritten(search);
      setParams(new URLSearchParams(search), { replace: !isNew });
    },
    [setParams],
  );
  const paced = usePaced(write, ADDRESS_DELAY);
  const search = writeScene(scene).toString();
  useEffect(() => {
    if (window.location.pathname.endsWith(study.study_uid)) paced.call(search);
  }, [search, paced, study.study_uid]);
  useEffect(() => {
    if (arrived !== "POP" || written === null) return; // our own writing, or the start
    const shown = new URLSearchParams(location.search);
    reader.change((now) => readScene(shown, now, study.series.map((each) => each.series_uid)) ?? now);
  }, [location.key]);
}
