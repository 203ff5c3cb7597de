// What the study list shows is written in the address: text, dates, modalities, order, selected study, preview.
import { useCallback, useMemo } from "react";
import { useLocation, useSearchParams } from "react-router";
import { dayFromToday, parseDate } from "../api/dicom_text";

export const SORT_FIELDS = ["date", "name", "modality", "description", "received", "accession", "patient_id"] as const;
export const STATUSES = ["arriving", "findings"] as const;
export type Status = (typeof STATUSES)[number];
export type SortField = (typeof SORT_FIELDS)[number];
export interface Sort {
  field: SortField;
  descending: boolean;
}

/** A period is relative ("7d": stays right tomorrow) or two days, each of which may be open. */
export const PERIODS = { today: 0, "3d": 2, "7d": 6, "30d": 29, "365d": 364 } as const;
export type Period = keyof typeof PERIODS;

export interface ListState {
  text: string;
  sounds: boolean; // the text is a name, written as it sounds
  modalities: string[];
  bodyParts: string[];
  sites: string[];
  status: Status | null;
  period: Period | null;
  from: string; // DA, or empty
  to: string;
  sort: Sort;
  selected: string | null;
  preview: boolean;
}

const DEFAULT_SORT: Sort = { field: "date", descending: true };

function readSort(value: string | null): Sort {
  const field = (value ?? "").replace(/^-/, "") as SortField;
  return SORT_FIELDS.includes(field) ? { field, descending: value?.startsWith("-") ?? false } : DEFAULT_SORT;
}

export const writeSort = (sort: Sort): string => (sort.descending ? "-" : "") + sort.field;

/** Values of an attribute, parted as DICOM parts them: no value has a backslash (PS3.5 6.2). */
const several = (params: URLSearchParams, key: string): string[] =>
  (params.get(key) ?? "").split("\\").filter((value) => value.length > 0 && value.length <= 64);

export function readList(params: URLSearchParams): ListState {
  const period = params.get("period");
  const day = (key: string): string => (parseDate(params.get(key)) ? (params.get(key) ?? "") : "");
  return {
    text: params.get("text") ?? "",
    sounds: params.get("sounds") === "1",
    modalities: (params.get("modality") ?? "").split(",").filter((code) => /^[A-Z0-9_ ]{1,16}$/.test(code)),
    bodyParts: several(params, "part"),
    sites: several(params, "site"),
    status: STATUSES.find((status) => status === params.get("status")) ?? null,
    period: period !== null && period in PERIODS ? (period as Period) : null,
    from: day("from"),
    to: day("to"),
    sort: readSort(params.get("sort")),
    selected: params.get("selected"),
    preview: params.get("preview") !== "0",
  };
}

export function writeList(state: ListState): URLSearchParams {
  const params = new URLSearchParams();
  const set = (key: string, value: string | null): void => {
    if (value) params.set(key, value);
  };
  set("text", state.text);
  set("sounds", state.sounds ? "1" : null);
  set("modality", state.modalities.join(","));
  set("part", state.bodyParts.join("\\"));
  set("site", state.sites.join("\\"));
  set("status", state.status);
  set("period", state.period);
  set("from", state.from);
  set("to", state.to);
  if (writeSort(state.sort) !== writeSort(DEFAULT_SORT)) set("sort", writeSort(state.sort));
  set("selected", state.selected);
  if (!state.preview) set("preview", "0");
  return params;
}

/** The question to the server; `now` makes relative periods absolute. */
export function listQuery(state: ListState, now: Date): string {
  const params = new URLSearchParams();
  const from = state.period ? dayFromToday(-PERIODS[state.period], now) : state.from;
  const set = (key: string, value: string): void => {
    if (value) params.set(key, value);
  };
  set("text", state.text.trim());
  set("sounds", state.sounds && state.text.trim() ? "true" : "");
  set("modality", state.modalities.join(","));
  set("body_part", state.bodyParts.join("\\"));
  set("institution", state.sites.join("\\"));
  set("status", state.status ?? "");
  set("from", from);
  set("to", state.period ? "" : state.to);
  params.set("sort", writeSort(state.sort));
  return params.toString();
}

export const UNFILTERED = {
  text: "",
  sounds: false,
  modalities: [],
  bodyParts: [],
  sites: [],
  status: null,
  period: null,
  from: "",
  to: "",
} satisfies Partial<ListState>;

export const isFiltered = (state: ListState): boolean =>
  Boolean(
    state.text.trim() ||
      state.modalities.length ||
      state.bodyParts.length ||
      state.sites.length ||
      state.status ||
      state.period ||
      state.from ||
      state.to,
  );

/** What a view keeps of the address: filters and order, not the row or the pane. */
export const viewQuery = (state: ListState): string => writeList({ ...state, selected: null, preview: true }).toString();

/** The state of the list and how to change it. Choices make history (Back undoes them); typing and moving do not. */
export function useListState(): [ListState, (change: Partial<ListState>, history?: boolean) => void] {
  const [params, setParams] = useSearchParams();
  const state = useMemo(() => readList(params), [params]);
  const { pathname } = useLocation();
  const change = useCallback(
    (next: Partial<ListState>, history = false) => {
      // late, e.g. typed just before a study was opened: it must not bring the list back
      if (window.location.pathname !== pathname) return;
      setParams((now) => writeList({ ...readList(now), ...next }), { replace: !history });
    },
    [setParams, pathname],
  );
  return [state, change];
}
