// What the archive noticed about a study: said plainly, with when it was found.
import { IconAlertTriangle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { formatMoment } from "../api/dicom_text";
import type { Finding } from "../api/types";
import { useLocale } from "../i18n";
import "./findings.css";

export function Findings({ findings }: { findings: Finding[] }) {
  const { t } = useTranslation();
  const locale = useLocale();
  if (findings.length === 0) return null;
  return (
    <section className="findings" aria-label={t("findings.title")}>
      <h3>
        <IconAlertTriangle size={16} stroke={1.8} aria-hidden />
        {t("findings.count", { count: findings.length })}
      </h3>
      <ul>
        {findings.map((finding, index) => (
          <li key={index}>
            <span>{finding.text}</span>
            <time dateTime={finding.found_at ?? undefined}>{formatMoment(finding.found_at, locale)}</time>
          </li>
        ))}
      </ul>
    </section>
  );
}
