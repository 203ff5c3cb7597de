// One viewport: the picture, what must be known of it, and what hands do to it.
import { useEffect, useRef, useState, type DragEvent } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../../api/client";
import type { StudyDetail } from "../../api/types";
import { Failure, Loading } from "../../parts/notice";
import { paneName, type PaneState, type Reader, type SeriesState, type Snapshot } from "../../viewport/reader";
import type { Pane as PaneData } from "../../viewport/scene";
import { withActive } from "../../viewport/scene";
import { toggleMaximised, type Acts } from "./acts";
import { Overlay } from "./overlay";
import { usePointer } from "./pointer";
import { ReferenceLines } from "./reference_lines";
import { ThingView } from "./thing_view";

export const SERIES_TYPE = "application/x-filmless-series";

interface PaneProps {
  at: number;
  study: StudyDetail;
  snapshot: Snapshot;
  reader: Reader;
  acts: Acts;
}

export function Pane({ at, study, snapshot, reader, acts }: PaneProps) {
  const { t } = useTranslation();
  const { scene } = snapshot;
  const pane = scene.panes[at] as PaneData;
  const state = snapshot.panes[at];
  const series = pane.series === null ? undefined : snapshot.series.get(pane.series);
  const drop = (event: DragEvent): void => {
    const uid = event.dataTransfer.getData(SERIES_TYPE);
    if (uid) acts.showSeries(uid, at);
  };
  const isActive = scene.active === at;
  return (
    <section
      className={isActive ? "pane pane-active" : "pane"}
      aria-label={t("read.viewport", { number: at + 1 })}
      aria-current={isActive}
      data-pane={paneName(at)}
      onPointerDownCapture={() => reader.change((now) => withActive(now, at))}
      onDragOver={(event) => event.dataTransfer.types.includes(SERIES_TYPE) && event.preventDefault()}
      onDrop={drop}
    >
      {pane.series !== null && (
        <PaneContent at={at} pane={pane} study={study} series={series} state={state} snapshot={snapshot} reader={reader} />
      )}
      {pane.series === null && <p className="pane-hint">{t("read.choose")}</p>}
    </section>
  );
}

interface ContentProps extends Omit<PaneProps, "acts"> {
  pane: PaneData;
  series: SeriesState | undefined;
  state: PaneState | undefined;
}

function PaneContent({ at, pane, study, series, state, snapshot, reader }: ContentProps) {
  const { t } = useTranslation();
  const content = series?.content;
  if (series?.error) return <Failure error={series.error} retry={() => location.reload()} />;
  const thing = content && content.frames.length === 0 ? content.things[pane.slice] : undefined;
  if (thing && content) return <ThingView thing={thing} content={content} study={study} count={content.things.length} slice={pane.slice} />;
  const row = study.series.find((each) => each.series_uid === pane.series);
  return (
    <>
      <Surface at={at} reader={reader} isBlank={!state?.drawn} />
      {!state?.drawn && row && <Preview study={study} row={row} pane={pane} reader={reader} />}
      {state?.drawn && <ReferenceLines at={at} snapshot={snapshot} />}
      <Overlay pane={pane} study={study} content={content ?? null} drawn={state?.drawn ?? null} reader={reader} />
      {state?.error && (
        <div className="pane-failure" role="alert">
          <strong>{t("read.failed")}</strong>
          <span>{(state.error instanceof ApiError && state.error.message) || t("read.notDecoded")}</span>
        </div>
      )}
      {!content && !row?.thumbnail && <Loading label={t("read.loading")} />}
    </>
  );
}

/** Where the engine draws; blank while what it holds is not what the words around it are about. */
function Surface({ at, reader, isBlank }: { at: number; reader: Reader; isBlank: boolean }) {
  const surface = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!surface.current) return;
    return reader.mount(at, surface.current);
  }, [at, reader]);
  usePointer(surface, at, reader);
  return (
    <div
      ref={surface}
      className={isBlank ? "pane-surface pane-blank" : "pane-surface"}
      onDoubleClick={() => toggleMaximised(reader)}
      onContextMenu={(event) => event.preventDefault()}
    />
  );
}

interface PreviewProps {
  study: StudyDetail;
  row: StudyDetail["series"][number];
  pane: PaneData;
  reader: Reader;
}

/** What the server paints, until the stored pixels are there: at once for the first frame, which needs no metadata. */
function Preview({ study, row, pane, reader }: PreviewProps) {
  const { t } = useTranslation();
  const [failed, setFailed] = useState<string | null>(null);
  const series = `/dicomweb/studies/${study.study_uid}/series/${row.series_uid}`;
  const first = row.first_instance && row.thumbnail ? `${series}/instances/${row.first_instance}/frames/1` : null;
  const address = reader.frameOf(pane)?.address ?? (pane.slice === 0 ? first : null);
  if (!address || address === failed) return null;
  const size = Math.min(1024, Math.round(Math.max(window.innerWidth, window.innerHeight) / 2));
  return (
    <img
      key={address} // never the picture of another frame while this one comes
      className="pane-preview"
      src={`${address}/rendered?viewport=${size},${size}&quality=85`}
      alt={t("read.preview")}
      onError={() => setFailed(address)}
    />
  );
}
