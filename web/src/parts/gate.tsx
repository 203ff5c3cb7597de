// The card before the door: the pages that are shown to nobody signed in.
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Logo } from "./logo";
import "./gate.css";

export function Gate({ title, text, children }: { title: string; text?: string; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <div className="gate">
      <main className="gate-card">
        <p className="gate-product">
          <Logo size={32} />
          Filmless
        </p>
        <h1>{title}</h1>
        {text && <p className="gate-text">{text}</p>}
        {children}
      </main>
      <footer className="gate-foot">{t("frame.notDiagnostic")}</footer>
    </div>
  );
}

export function GateAlert({ children, tone = "bad" }: { children: ReactNode; tone?: "bad" | "wait" }) {
  return (
    <p className={`gate-alert gate-alert-${tone}`} role="alert">
      {children}
    </p>
  );
}
