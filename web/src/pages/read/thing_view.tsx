// What is no image, in the viewport: a page of text, a drawing, the first page of a PDF, a film, or a named card.
import { Button, Loader } from "@mantine/core";
import { IconDownload, IconExternalLink, IconFileUnknown } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { parseProblem } from "../../api/client";
import type { StudyDetail } from "../../api/types";
import { usePatientText } from "../../parts/patient";
import type { SeriesContent, Thing } from "../../viewport/model/frames";
import { Identity } from "./identity";

interface ThingViewProps {
  thing: Thing;
  content: SeriesContent;
  study: StudyDetail;
  slice: number;
  count: number;
}

export function ThingView({ thing, content, study, slice, count }: ThingViewProps) {
  const { t } = useTranslation();
  const text = usePatientText();
  const row = study.series.find((series) => series.series_uid === content.seriesUid);
  const kind = row?.kind?.replace(/ Storage$/, "") ?? thing.sopClass;
  return (
    <div className="thing">
      <div className="thing-head">
        <div className="thing-who">
          <Identity patient={content.patients[0] ?? study.patient} />
          <span>{t("read.studyOf", { date: text.date(content.studyDate ?? study.date) || t("read.noDate") })}</span>
        </div>
        <span className="thing-name">{[kind, row?.description].filter(Boolean).join(" · ")}</span>
        {count > 1 && <span data-testid="slice">{`${slice + 1} / ${count}`}</span>}
        {thing.how === "pdf" && (
          <Link href={`${thing.address}/rendered?accept=application/pdf`} icon={<IconExternalLink size={15} stroke={1.6} />} label={t("read.allPages")} />
        )}
        <Link href={`${thing.address}?accept=${encodeURIComponent("application/dicom;transfer-syntax=*")}`} icon={<IconDownload size={15} stroke={1.6} />} label={t("read.object")} isDownload />
      </div>
      <Body key={thing.id} thing={thing} kind={kind} />
    </div>
  );
}

function Link({ href, icon, label, isDownload = false }: { href: string; icon: ReactNode; label: string; isDownload?: boolean }) {
  const ways = isDownload ? { download: true } : { target: "_blank", rel: "noreferrer" };
  return (
    <Button component="a" variant="default" size="compact-sm" href={href} leftSection={icon} {...ways}>
      {label}
    </Button>
  );
}

function Body({ thing, kind }: { thing: Thing; kind: string }) {
  const { t } = useTranslation();
  const [failed, setFailed] = useState(false); // of a film: this browser cannot play it; its poster takes its place
  const [missing, setMissing] = useState(false);
  const onError = (): void => setMissing(true);
  if (missing || thing.how === "card") return <Card kind={kind} />;
  if (thing.how === "page") return <Page address={thing.address} kind={kind} />;
  if (thing.how === "video" && !failed) {
    return <video className="thing-picture" src={`${thing.address}/rendered?accept=video/mp4`} controls loop onError={() => setFailed(true)} aria-label={kind} />;
  }
  const type = thing.how === "drawing" ? "image/svg%2Bxml" : "image/png";
  return <img className="thing-picture" src={`${thing.address}/rendered?accept=${type}`} alt={t("read.picture", { kind })} onError={onError} />;
}

/** The server's page of a report: shown in a frame of its own, in which nothing runs. */
function Page({ address, kind }: { address: string; kind: string }) {
  const { t } = useTranslation();
  const page = useQuery({
    queryKey: ["rendered", address],
    queryFn: async ({ signal }) => {
      const response = await fetch(`${address}/rendered`, { headers: { Accept: "text/html" }, credentials: "same-origin", signal });
      const body = await response.text();
      if (!response.ok) throw parseProblem(response.status, body, null);
      return body;
    },
  });
  if (page.isPending) return <div className="thing-card"><Loader size="sm" aria-label={t("read.loading")} /></div>;
  if (page.isError) return <Card kind={kind} />;
  return <iframe className="thing-page" title={kind} sandbox="" srcDoc={page.data} />;
}

function Card({ kind }: { kind: string }) {
  const { t } = useTranslation();
  return (
    <div className="thing-card" role="note">
      <IconFileUnknown size={40} stroke={1.2} aria-hidden />
      <strong>{kind}</strong>
      <span>{t("read.noPicture")}</span>
    </div>
  );
}
