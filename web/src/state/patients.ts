// Patients from the server: the search by pages, one with all studies, and who looked.
import {
  keepPreviousData,
  useInfiniteQuery,
  useQuery,
  type InfiniteData,
  type UseInfiniteQueryResult,
  type UseQueryResult,
} from "@tanstack/react-query";
import { get } from "../api/client";
import { parseDate } from "../api/dicom_text";
import type { PatientPage, PatientRecord, ReadingPage } from "../api/patients";
import { STUDIES_KEY } from "./studies";

const PAGE = 100;
const PATIENTS_KEY = [...STUDIES_KEY, "patients"] as const; // they change with the studies

/** The question for what was typed: a date with separators is a birth date, all else a text. */
export function patientQuery(typed: string): string {
  const words = typed.trim().split(/\s+/).filter(Boolean);
  const days = words.map(birthDate);
  const params = new URLSearchParams();
  const text = words.filter((_, at) => days[at] === null).join(" ");
  const born = days.find((day) => day !== null);
  if (text) params.set("text", text);
  if (born) params.set("birth_date", born);
  return params.toString();
}

/** "1961-04-02", "1961.04.02", "2.4.1961" or "02/04/1961" (day first) as DA; eight digits alone may be an ID. */
function birthDate(word: string): string | null {
  const yearFirst = /^(\d{4})[-./](\d{1,2})[-./](\d{1,2})$/.exec(word);
  const dayFirst = /^(\d{1,2})[-./](\d{1,2})[-./](\d{4})$/.exec(word);
  const parts = yearFirst ? yearFirst.slice(1) : dayFirst ? dayFirst.slice(1).reverse() : null;
  const day = parts?.map((part) => part.padStart(2, "0")).join("") ?? null;
  return parseDate(day) ? day : null;
}

export function usePatients(query: string, enabled = true): UseInfiniteQueryResult<InfiniteData<PatientPage>> {
  return useInfiniteQuery({
    queryKey: [...PATIENTS_KEY, "list", query],
    queryFn: ({ pageParam, signal }) => {
      const cursor = pageParam ? `&cursor=${encodeURIComponent(pageParam)}` : "";
      return get<PatientPage>(`/api/patients?${query}&limit=${PAGE}${cursor}`, signal);
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.cursor ?? undefined,
    placeholderData: keepPreviousData,
    enabled,
  });
}

export function usePatient(key: string): UseQueryResult<PatientRecord> {
  return useQuery({
    queryKey: [...PATIENTS_KEY, "one", key],
    queryFn: ({ signal }) => get<PatientRecord>(`/api/patients/${encodeURIComponent(key)}`, signal),
  });
}

export function useReaders(key: string): UseInfiniteQueryResult<InfiniteData<ReadingPage>> {
  return useInfiniteQuery({
    queryKey: [...PATIENTS_KEY, "readers", key],
    queryFn: ({ pageParam, signal }) => {
      const after = pageParam ? `&after=${encodeURIComponent(pageParam)}` : "";
      return get<ReadingPage>(`/api/patients/${encodeURIComponent(key)}/readers?limit=50${after}`, signal);
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.cursor ?? undefined,
    staleTime: 0,
  });
}
