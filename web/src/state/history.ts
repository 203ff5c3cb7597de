// A patient's studies over the years: where each stands on the timeline, and which are shown; written in the address.
import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router";
import { parseDate } from "../api/dicom_text";
import type { PatientStudy } from "../api/patients";

export interface Shown {
  from: number | null; // months since year 0, the first that is shown
  to: number | null; // the last
  modality: string | null;
  part: string | null;
}

/** The month of a DA value, counted from year 0; null when it is no date. */
export function monthOf(date: string | null): number | null {
  const day = parseDate(date);
  return day ? day.year * 12 + day.month - 1 : null;
}

/** A place on the timeline: months with the days as a part. */
export function placeOf(date: string | null): number | null {
  const day = parseDate(date);
  return day ? day.year * 12 + day.month - 1 + (day.day - 1) / 31 : null;
}

export const yearOf = (month: number): number => Math.floor(month / 12);

/** From the January of the first study's year to the December of the last one's; null without any date. */
export function spanOf(studies: readonly PatientStudy[]): { from: number; to: number } | null {
  const months = studies.map((study) => monthOf(study.date)).filter((month) => month !== null);
  if (months.length === 0) return null;
  return { from: yearOf(Math.min(...months)) * 12, to: yearOf(Math.max(...months)) * 12 + 11 };
}

export function bodyParts(study: PatientStudy): string[] {
  return [...new Set(study.series.map((series) => series.body_part?.trim().toUpperCase()).filter((part) => part !== undefined))]
    .filter(Boolean)
    .sort();
}

const documentCodes = new Set(["SR", "DOC", "PR", "KO"]);

/** What a study is drawn as: its modalities without those of documents, unless it has nothing else. */
export function mainModalities(study: Pick<PatientStudy, "modalities">): string[] {
  const images = study.modalities.filter((code) => !documentCodes.has(code));
  return images.length > 0 ? images : study.modalities;
}

export function isShown(study: PatientStudy, shown: Shown): boolean {
  const month = monthOf(study.date);
  if (shown.from !== null && (month === null || month < shown.from)) return false;
  if (shown.to !== null && (month === null || month > shown.to)) return false;
  if (shown.modality !== null && !study.modalities.includes(shown.modality)) return false;
  return shown.part === null || bodyParts(study).includes(shown.part);
}

function readMonth(text: string | null): number | null {
  const match = /^(\d{4})-(\d{2})$/.exec(text ?? "");
  const month = Number(match?.[2]) - 1;
  return match && month >= 0 && month < 12 ? Number(match[1]) * 12 + month : null;
}

export const writeMonth = (month: number): string =>
  `${String(yearOf(month)).padStart(4, "0")}-${String((month % 12) + 1).padStart(2, "0")}`;

export function readShown(params: URLSearchParams): Shown {
  return {
    from: readMonth(params.get("from")),
    to: readMonth(params.get("to")),
    modality: params.get("modality"),
    part: params.get("part"),
  };
}

export function writeShown(shown: Shown): URLSearchParams {
  const params = new URLSearchParams();
  if (shown.from !== null) params.set("from", writeMonth(shown.from));
  if (shown.to !== null) params.set("to", writeMonth(shown.to));
  if (shown.modality) params.set("modality", shown.modality);
  if (shown.part) params.set("part", shown.part);
  return params;
}

export function useShown(): [Shown, (change: Partial<Shown>) => void] {
  const [params, setParams] = useSearchParams();
  const shown = useMemo(() => readShown(params), [params]);
  const change = useCallback(
    (next: Partial<Shown>) => setParams((now) => writeShown({ ...readShown(now), ...next }), { replace: true }),
    [setParams],
  );
  return [shown, change];
}
