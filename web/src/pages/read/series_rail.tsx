// The series of the study: pictures to drag or to click, with how much of each has been loaded.
import { useTranslation } from "react-i18next";
import type { StudyDetail } from "../../api/types";
import { Thumbnail } from "../../parts/thumbnail";
import type { Snapshot } from "../../viewport/reader";
import { SERIES_TYPE } from "./pane";

interface SeriesRailProps {
  study: StudyDetail;
  snapshot: Snapshot;
  onShow: (uid: string, at: number | null) => void;
}

export function SeriesRail({ study, snapshot, onShow }: SeriesRailProps) {
  const { t } = useTranslation();
  const shown = new Set(snapshot.scene.panes.map((pane) => pane.series));
  return (
    <nav className="series-rail" aria-label={t("study.seriesList")}>
      <ul>
        {study.series.map((series) => {
          const state = snapshot.series.get(series.series_uid);
          const count = state?.content?.frames.length || series.instances;
          const title = series.description ?? series.modality ?? t("series.undescribed");
          return (
            <li key={series.series_uid}>
              <button
                type="button"
                className={shown.has(series.series_uid) ? "rail-series rail-series-shown" : "rail-series"}
                aria-label={t("read.show", { title: [series.number, title].filter((part) => part !== null).join(" "), count })}
                draggable
                onDragStart={(event) => event.dataTransfer.setData(SERIES_TYPE, series.series_uid)}
                onClick={() => onShow(series.series_uid, null)}
              >
                <Thumbnail series={series} />
                <span className="rail-caption">
                  <span className="truncate">{title}</span>
                  <span>{count}</span>
                </span>
                {state?.content && state.content.frames.length > 0 && (
                  <progress
                    className="rail-progress"
                    aria-label={t("read.progress", { title })}
                    max={state.content.frames.length}
                    value={state.loaded}
                  />
                )}
                {state && state.failed > 0 && <span className="rail-failed">{t("read.failedCount", { count: state.failed })}</span>}
              </button>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}
