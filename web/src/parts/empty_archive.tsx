// What somebody sees before the first study has come: where to send it to, and how to try it at once.
import { ActionIcon, Button, Tooltip } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconCheck, IconCopy, IconUpload } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useOpenUpload } from "../state/open_upload";
import { useSignedIn } from "../state/session";
import { Notice } from "./notice";
import "./empty_archive.css";

export function EmptyArchive() {
  const { t } = useTranslation();
  const { archive, rights } = useSignedIn();
  const openUpload = useOpenUpload();
  if (!rights.includes("store")) return <Notice tone="empty" title={t("empty.archive")} text={t("empty.nothingForYou")} />;
  const { ae_title, dicom } = archive;
  const host = /^(0\.0\.0\.0|::)$/.test(dicom.host) ? location.hostname : dicom.host;
  const target = `${ae_title}@${host.includes(":") ? `[${host}]` : host}:${dicom.port}`;
  return (
    <div className="empty-archive">
      <section aria-labelledby="empty-archive">
        <h2 id="empty-archive">{t("empty.archive")}</h2>
        <p>{t("empty.archiveText")}</p>
        <Button leftSection={<IconUpload size={16} stroke={1.6} />} onClick={openUpload}>
          {t("frame.upload")}
        </Button>
        <h3>{t("empty.modality")}</h3>
        <dl>
          <Door name={t("empty.aeTitle")} value={ae_title} />
          <Door name={t("empty.host")} value={host} />
          <Door name={t("empty.port")} value={String(dicom.port)} />
        </dl>
        <p className="dim">
          {t(dicom.is_local ? "empty.local" : "empty.register")} <code>{t(dicom.is_local ? "empty.localFlag" : "empty.registerCommand")}</code>
        </p>
        <h3>{t("empty.terminal")}</h3>
        <Command text={`filmless send ${target} ${t("empty.folder")}`} />
        <Command text={`storescu -aec ${ae_title} +sd +r ${host} ${dicom.port} ${t("empty.folder")}`} />
        <p className="dim">{t("empty.arrives")}</p>
      </section>
    </div>
  );
}

function Door({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="mono">{value}</dd>
    </div>
  );
}

function Command({ text }: { text: string }) {
  const { t } = useTranslation();
  const clipboard = useClipboard({ timeout: 1500 });
  const Icon = clipboard.copied ? IconCheck : IconCopy;
  return (
    <div className="command">
      <code>{text}</code>
      <Tooltip label={t(clipboard.copied ? "study.copied" : "empty.copy")}>
        <ActionIcon variant="subtle" color="gray" aria-label={t("empty.copyOf", { text })} onClick={() => clipboard.copy(text)}>
          <Icon size={16} stroke={1.6} />
        </ActionIcon>
      </Tooltip>
    </div>
  );
}
