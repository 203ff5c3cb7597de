// The words on an image: whose, when, which side, where in the stack, how it is shown, and what the pixels are.
import { useTranslation } from "react-i18next";
import type { StudyDetail } from "../../api/types";
import { usePatientText } from "../../parts/patient";
import { edgesOf, turnOf } from "../../viewport/model/geometry";
import type { SeriesContent } from "../../viewport/model/frames";
import { isLossy } from "../../viewport/quality";
import type { Reader } from "../../viewport/reader";
import { turnOfPlacement, type Drawn } from "../../viewport/reconcile";
import type { Pane } from "../../viewport/scene";
import { Identity } from "./identity";

interface OverlayProps {
  pane: Pane;
  study: StudyDetail;
  content: SeriesContent | null;
  drawn: Drawn | null;
  reader: Reader;
}

const SIDES = ["top", "right", "bottom", "left"] as const;
const rounded = (value: number): string => String(Math.abs(value) >= 10 ? Math.round(value) : Number(value.toPrecision(3)));

export function Overlay({ pane, study, content, drawn, reader }: OverlayProps) {
  const { t } = useTranslation();
  const text = usePatientText();
  const row = study.series.find((series) => series.series_uid === pane.series);
  const frame = drawn?.frame ?? reader.frameOf(pane);
  const turn = drawn ? turnOfPlacement(drawn.placement) : turnOf(0, false, false); // a preview lies as it is stored
  const edges = frame ? edgesOf(turn, frame.orientation, frame.patientOrientation) : null;
  const shown = drawn ? (content?.frames.indexOf(drawn.frame) ?? -1) + 1 : pane.slice + 1;
  const zoom = pane.view.zoom === 1 ? t("read.fit") : `${Math.round(pane.view.zoom * 100)} %`;
  return (
    <div className="overlay">
      <div className="overlay-corner overlay-who">
        <Identity patient={content?.patients[0] ?? study.patient} />
        <span>{t("read.studyOf", { date: text.date(content?.studyDate ?? study.date) || t("read.noDate") })}</span>
      </div>
      <div className="overlay-corner overlay-what">
        <span>{[row?.number ?? content?.number, row?.description ?? content?.description ?? row?.modality].filter(Boolean).join(" · ")}</span>
        <span>{frame?.laterality ? t("read.laterality", { side: frame.laterality }) : t("read.noLaterality")}</span>
      </div>
      <div className="overlay-corner overlay-how">
        {drawn && drawn.frame.source === "stored" && (
          <span data-testid="window">{t("read.window", { width: rounded(drawn.window.width), center: rounded(drawn.window.center) })}</span>
        )}
        <span>{zoom}</span>
      </div>
      <div className="overlay-corner overlay-where">
        <Badge drawn={drawn} />
        <span data-testid="slice">{content ? `${shown} / ${content.frames.length}` : ""}</span>
      </div>
      {edges &&
        SIDES.map((side) => (
          <span key={side} className={`overlay-edge overlay-${side}`} data-side={side}>
            {edges[side]}
          </span>
        ))}
    </div>
  );
}

function Badge({ drawn }: { drawn: Drawn | null }) {
  const { t } = useTranslation();
  if (!drawn) return <span className="badge badge-preview">{t("read.badge.preview")}</span>;
  const lossy = drawn.frame.lossy;
  if (lossy?.ratio) return <span className="badge badge-lossy">{t("read.badge.lossyRatio", { ratio: rounded(lossy.ratio) })}</span>;
  if (lossy || isLossy(drawn.frame)) return <span className="badge badge-lossy">{t("read.badge.lossy")}</span>;
  const isWindowed = drawn.frame.source === "painted" && drawn.frame.photometric.startsWith("MONOCHROME");
  return <span className="badge">{t(isWindowed ? "read.badge.painted" : "read.badge.lossless")}</span>;
}
