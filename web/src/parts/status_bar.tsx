// The bar below a page: counts and keys of the page, and the marks that must always be seen.
import { IconAlertCircle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useSignedIn } from "../state/session";

export function StatusBar({ children }: { children?: ReactNode }) {
  const { t } = useTranslation();
  const { archive } = useSignedIn();
  return (
    <footer className="status-bar">
      {children}
      <span className="status-bar-space" />
      <span className="status-archive">{archive.ae_title}</span>
      <span className="status-mark">
        <IconAlertCircle size={13} stroke={1.8} aria-hidden />
        {t("frame.notDiagnostic")}
      </span>
    </footer>
  );
}

export function KeyHint({ keys, label }: { keys: string; label: string }) {
  return (
    <span>
      <strong>{keys}</strong> {label}
    </span>
  );
}
