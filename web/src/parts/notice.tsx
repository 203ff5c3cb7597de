// A page or pane that has nothing to list: empty, loading, failed or forbidden, always with what to do next.
import { Button, Loader } from "@mantine/core";
import { IconAlertTriangle, IconLock, IconMoodEmpty } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api/client";
import "./notice.css";

const ICONS = { empty: IconMoodEmpty, bad: IconAlertTriangle, forbidden: IconLock };

interface NoticeProps {
  tone: keyof typeof ICONS;
  title: string;
  text: string;
  detail?: string | null;
  action?: ReactNode;
}

export function Notice({ tone, title, text, detail, action }: NoticeProps) {
  const Icon = ICONS[tone];
  return (
    <div className={`notice notice-${tone}`} role={tone === "empty" ? "status" : "alert"}>
      <Icon size={34} stroke={1.4} aria-hidden />
      <h2>{title}</h2>
      <p>{text}</p>
      {detail && <code className="notice-detail">{detail}</code>}
      {action && <div className="notice-action">{action}</div>}
    </div>
  );
}

export function Loading({ label }: { label: string }) {
  return (
    <div className="notice" role="status">
      <Loader size="sm" aria-hidden />
      <p>{label}</p>
    </div>
  );
}

/** A failed request in words, with the server's own explanation and the id to quote. */
export function Failure({ error, retry }: { error: Error; retry: () => void }) {
  const { t } = useTranslation();
  const status = error instanceof ApiError ? error.status : -1;
  if (status === 403) return <Notice tone="forbidden" title={t("failure.forbidden")} text={t("failure.forbiddenText")} />;
  if (status === 404) return <Notice tone="empty" title={t("failure.missing")} text={t("failure.missingText")} />;
  const id = error instanceof ApiError && error.id ? t("failure.id", { id: error.id }) : null;
  return (
    <Notice
      tone="bad"
      title={status === 0 ? t("failure.offline") : t("failure.title")}
      text={status === 0 ? t("failure.offlineText") : error.message || t("failure.text")}
      detail={id}
      action={
        <Button variant="default" onClick={retry}>
          {t("failure.retry")}
        </Button>
      }
    />
  );
}
