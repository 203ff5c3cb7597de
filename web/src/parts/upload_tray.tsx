// The tray of uploads: progress of the whole and of each file, cancel, and in the end each file refused and why.
import { Button, CloseButton } from "@mantine/core";
import { IconAlertTriangle, IconBan, IconCheck, IconClock, IconFileOff, IconLoader2 } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import type { TFunction } from "i18next";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocale } from "../i18n";
import { isVersion, uploads, useUploads, type FileState, type Reason, type Snapshot, type UploadFile } from "../state/uploads";
import "./upload.css";

const ROW = 44;

const ICONS = {
  waiting: IconClock,
  sending: IconLoader2,
  stored: IconCheck,
  refused: IconAlertTriangle,
  "not-dicom": IconFileOff,
  cancelled: IconBan,
};

/** The tabs of the list: what needs a look comes first when all is done. */
const TABS = [
  { id: "refused", states: ["refused"] },
  { id: "not-dicom", states: ["not-dicom"] },
  { id: "stored", states: ["stored"] },
  { id: "open", states: ["waiting", "sending", "cancelled"] },
] as const satisfies readonly { id: string; states: readonly FileState[] }[];
type Tab = (typeof TABS)[number];

const REASONS: Record<number, string> = {
  // PS3.18 table I.2-2, PS3.4 table B.2-1
  0x0110: "processing",
  0x0111: "duplicate",
  0x0122: "sopClass",
  0x0124: "notAuthorised",
  0x0131: "notAuthorised",
  0xa700: "resources",
  0xa900: "mismatch",
  0xc000: "unreadable",
  0xc122: "transferSyntax",
  0xc409: "transferSyntax",
};

function reasonText(reason: Reason | null, t: TFunction): string {
  if (!reason) return "";
  const hex = reason.code?.toString(16).toUpperCase().padStart(4, "0");
  const known = REASONS[reason.code ?? -1] ?? (reason.code !== null && reason.code >> 12 === 0xc ? "unreadable" : null);
  const status = reason.status === null ? null : t(`reasons.http.${reason.status}`, { defaultValue: t("reasons.http.other") });
  const words = reason.comment || (known && t(`reasons.${known}`)) || status || t(hex ? "reasons.other" : "reasons.gone");
  return hex ? `${words} (${hex})` : words;
}

function fileText(file: UploadFile, t: TFunction): string {
  if (isVersion(file)) return t("upload.version", { uid: file.instanceUid });
  if (file.state === "refused" || (file.state === "stored" && file.reason)) return reasonText(file.reason, t);
  if (file.kind === "media-directory") return t("upload.mediaDirectory");
  return t(`upload.states.${file.state}`);
}

function summary({ counts, versions, running, files }: Snapshot, t: TFunction): string {
  if (running) {
    const done = counts.stored + counts.refused;
    return t("upload.running", { done, count: files.length - counts["not-dicom"] });
  }
  const parts = (["stored", "refused", "not-dicom", "cancelled"] as const)
    .filter((state) => counts[state] > 0)
    .map((state) => t(`upload.counts.${state}`, { count: counts[state] }));
  if (versions > 0) parts.splice(1, 0, t("upload.versions", { count: versions }));
  return parts.join(", ");
}

export default function UploadTray() {
  const { t } = useTranslation();
  const snapshot = useUploads();
  const [chosen, setChosen] = useState<Tab["id"] | null>(null);
  const { files, counts, running } = snapshot;
  useWarnBeforeLeaving(running);
  const number = (tab: Tab): number => tab.states.reduce((sum, state) => sum + counts[state], 0);
  const shown = TABS.filter((tab) => number(tab) > 0);
  const first = running ? shown.find((tab) => tab.id === "open") : undefined;
  const tab = shown.find((one) => one.id === chosen) ?? first ?? shown[0];
  return (
    <section className="tray" aria-label={t("upload.title")}>
      <header className="tray-head">
        <h2 aria-live="polite">{summary(snapshot, t)}</h2>
        {running ? (
          <Button size="compact-sm" variant="default" onClick={() => uploads.cancel()}>
            {t("upload.cancel")}
          </Button>
        ) : (
          <CloseButton aria-label={t("upload.close")} onClick={() => uploads.clear()} />
        )}
      </header>
      {running && <TotalProgress snapshot={snapshot} />}
      <div className="tray-tabs" role="group" aria-label={t("upload.show")}>
        {shown.map((one) => (
          <button key={one.id} type="button" aria-pressed={one === tab} onClick={() => setChosen(one.id)}>
            {t(`upload.tabs.${one.id}`)} <span>{number(one)}</span>
          </button>
        ))}
      </div>
      {tab && <FileList files={files.filter((file) => (tab.states as readonly FileState[]).includes(file.state))} />}
    </section>
  );
}

function useWarnBeforeLeaving(running: boolean): void {
  useEffect(() => {
    if (!running) return;
    const warn = (event: BeforeUnloadEvent): void => event.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, [running]);
}

function TotalProgress({ snapshot: { sent, size } }: { snapshot: Snapshot }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const percent = size === 0 ? 0 : Math.round((sent / size) * 100);
  const megabytes = (bytes: number): string =>
    new Intl.NumberFormat(locale, { style: "unit", unit: "megabyte", maximumFractionDigits: 1 }).format(bytes / 1e6);
  return (
    <div className="tray-total">
      <progress max={100} value={percent} aria-label={t("upload.progress")} />
      <span>{t("upload.bytes", { sent: megabytes(sent), size: megabytes(size) })}</span>
    </div>
  );
}

function FileList({ files }: { files: UploadFile[] }) {
  const { t } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: files.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 8,
  });
  return (
    <div className="tray-list" ref={scroller} tabIndex={0} role="region" aria-label={t("upload.files")}>
      <ul style={{ blockSize: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const file = files[item.index];
          return (
            file && (
              <li key={item.key} style={{ transform: `translateY(${item.start}px)`, blockSize: ROW }}>
                <FileRow file={file} />
              </li>
            )
          );
        })}
      </ul>
    </div>
  );
}

function FileRow({ file }: { file: UploadFile }) {
  const { t } = useTranslation();
  const Icon = ICONS[file.state];
  const text = fileText(file, t);
  return (
    <div className={`tray-file tray-${file.state}`}>
      <Icon size={16} stroke={1.8} aria-hidden />
      <div>
        <span className="tray-path" title={file.path}>
          <bdi>{file.path}</bdi>
        </span>
        {file.state === "sending" ? (
          <progress max={file.size} value={file.sent} aria-label={file.path} />
        ) : (
          <span className="tray-reason" title={text}>
            {text}
          </span>
        )}
      </div>
    </div>
  );
}
