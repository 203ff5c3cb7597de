// A patient's studies over the years: one lane per modality or body part, and a range to drag or to move by keys.
import { useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import { useTranslation } from "react-i18next";
import type { PatientStudy } from "../api/patients";
import { useLocale } from "../i18n";
import { bodyParts, mainModalities, placeOf, yearOf, type Shown } from "../state/history";
import { usePatientText } from "./patient";
import "./timeline.css";

const MAX_LANES = 7;
const LABELLED = 14; // years that are named at most
const LEAST_DRAG = 4; // px: less is a click

export type Lanes = "modality" | "part";

interface TimelineProps {
  studies: readonly PatientStudy[];
  span: { from: number; to: number }; // months
  shown: Shown;
  lanes: Lanes;
  active: string | null;
  onRange: (from: number | null, to: number | null) => void;
  onSelect: (uid: string) => void;
}

const lanesOf = (study: PatientStudy, lanes: Lanes): string[] =>
  lanes === "modality" ? mainModalities(study) : bodyParts(study);

export function Timeline({ studies, span, shown, lanes, active, onRange, onSelect }: TimelineProps) {
  const { t } = useTranslation();
  const locale = useLocale();
  const text = usePatientText();
  const strip = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<{ from: number; to: number; at: number } | null>(null);
  const months = span.to - span.from + 1;
  const percent = (month: number): number => ((month - span.from) / months) * 100;
  const from = drag ? Math.min(drag.from, drag.to) : (shown.from ?? span.from);
  const to = drag ? Math.max(drag.from, drag.to) : (shown.to ?? span.to);
  const rows = laneRows(studies, lanes, t("patient.otherLane"));
  const monthAt = (event: PointerEvent): number => {
    const box = strip.current?.getBoundingClientRect();
    const part = box ? (event.clientX - box.left) / box.width : 0;
    return span.from + Math.max(0, Math.min(months - 1, Math.floor(part * months)));
  };
  const end = (event: PointerEvent): void => {
    if (!drag) return;
    setDrag(null);
    if (Math.abs(event.clientX - drag.at) < LEAST_DRAG) return;
    set(from, to);
  };
  const set = (first: number, last: number): void =>
    onRange(first <= span.from ? null : first, last >= span.to ? null : last);
  const years = yearOf(span.to) - yearOf(span.from) + 1;
  const step = Math.ceil(years / LABELLED);
  const monthText = (month: number): string =>
    new Intl.DateTimeFormat(locale, { month: "short", year: "numeric", timeZone: "UTC" }).format(
      new Date(Date.UTC(yearOf(month), month % 12, 1)),
    );
  return (
    <div className="timeline">
      <ul className="timeline-labels" aria-hidden>
        {rows.map(([lane]) => (
          <li key={lane} className="truncate">
            {lane}
          </li>
        ))}
      </ul>
      <div
        ref={strip}
        className="timeline-strip"
        onPointerDown={(event) => {
          if (event.button !== 0 || (event.target as HTMLElement).closest("button, [role=slider]")) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          setDrag({ from: monthAt(event), to: monthAt(event), at: event.clientX });
        }}
        onPointerMove={(event) => drag && setDrag({ ...drag, to: monthAt(event) })}
        onPointerUp={end}
        onPointerCancel={() => setDrag(null)}
      >
        <div className="timeline-range" style={{ insetInlineStart: `${percent(from)}%`, inlineSize: `${percent(to + 1) - percent(from)}%` }} />
        {rows.map(([lane, placed]) => (
          <div key={lane} className="timeline-lane">
            {placed.map((study) => {
              const label = [text.date(study.date), study.modalities.join(" "), study.description].filter(Boolean).join(" · ");
              return (
                <button
                  key={study.study_uid}
                  type="button"
                  tabIndex={-1}
                  className={study.study_uid === active ? "timeline-dot timeline-active" : "timeline-dot"}
                  style={{ insetInlineStart: `${percent(placeOf(study.date) ?? span.from)}%` }}
                  title={label}
                  aria-label={label}
                  onClick={() => onSelect(study.study_uid)}
                />
              );
            })}
          </div>
        ))}
        <div className="timeline-years" aria-hidden>
          {Array.from({ length: years }, (_, index) => yearOf(span.from) + index)
            .filter((_, index) => index % step === 0)
            .map((year) => (
              <span key={year} style={{ insetInlineStart: `${percent(year * 12)}%` }}>
                {year}
              </span>
            ))}
        </div>
        <Thumb
          label={t("patient.rangeFrom")}
          month={from}
          least={span.from}
          most={to}
          text={monthText(from)}
          place={percent(from)}
          onMonth={(month) => set(month, to)}
        />
        <Thumb
          label={t("patient.rangeTo")}
          month={to}
          least={from}
          most={span.to}
          text={monthText(to)}
          place={percent(to + 1)}
          onMonth={(month) => set(from, month)}
        />
      </div>
    </div>
  );
}

/** Lanes with their studies that have a date, the fullest first; what is beyond the last goes into one lane. */
function laneRows(studies: readonly PatientStudy[], lanes: Lanes, other: string): [string, PatientStudy[]][] {
  const found = new Map<string, PatientStudy[]>();
  for (const study of studies) {
    if (placeOf(study.date) === null) continue;
    const own = lanesOf(study, lanes);
    for (const lane of own.length > 0 ? own : [other]) found.set(lane, [...(found.get(lane) ?? []), study]);
  }
  const sorted = [...found].sort(([a, one], [b, two]) => Number(a === other) - Number(b === other) || two.length - one.length);
  if (sorted.length <= MAX_LANES) return sorted;
  const rest = new Set(sorted.slice(MAX_LANES - 1).flatMap(([, own]) => own));
  return [...sorted.slice(0, MAX_LANES - 1), [other, [...rest]]];
}

interface ThumbProps {
  label: string;
  month: number;
  least: number;
  most: number;
  text: string;
  place: number; // percent
  onMonth: (month: number) => void;
}

function Thumb({ label, month, least, most, text, place, onMonth }: ThumbProps) {
  const onKeyDown = (event: KeyboardEvent): void => {
    const steps: Record<string, number> = {
      ArrowLeft: month - 1, ArrowDown: month - 1, ArrowRight: month + 1, ArrowUp: month + 1, PageDown: month - 12,
      PageUp: month + 12, Home: least, End: most,
    };
    const next = steps[event.key];
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    onMonth(Math.max(least, Math.min(most, next)));
  };
  return (
    <div
      className="timeline-thumb"
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-valuemin={least}
      aria-valuemax={most}
      aria-valuenow={month}
      aria-valuetext={text}
      style={{ insetInlineStart: `${place}%` }}
      onKeyDown={onKeyDown}
    />
  );
}
