// One object from the server: what it is, its attributes, the names of all attributes.
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { get } from "../api/client";
import type { ObjectFacts } from "../api/patients";
import type { DataSet, Names } from "./attributes";
import { STUDIES_KEY } from "./studies";

const OBJECTS_KEY = [...STUDIES_KEY, "objects"] as const;

export const objectAddress = (facts: Pick<ObjectFacts, "study_uid" | "series_uid" | "instance_uid">): string =>
  `/dicomweb/studies/${facts.study_uid}/series/${facts.series_uid}/instances/${facts.instance_uid}`;

export function useObject(studyUid: string, instanceUid: string): UseQueryResult<ObjectFacts> {
  return useQuery({
    queryKey: [...OBJECTS_KEY, studyUid, instanceUid],
    queryFn: ({ signal }) =>
      get<ObjectFacts>(`/api/studies/${encodeURIComponent(studyUid)}/objects/${encodeURIComponent(instanceUid)}`, signal),
  });
}

export function useAttributes(facts: ObjectFacts): UseQueryResult<DataSet> {
  const address = objectAddress(facts);
  return useQuery({
    queryKey: [...OBJECTS_KEY, "metadata", address],
    queryFn: async ({ signal }) => (await get<DataSet[]>(`${address}/metadata`, signal))[0] ?? {},
    retry: false, // what is damaged stays so
  });
}

export function useNames(): UseQueryResult<Names> {
  return useQuery({
    queryKey: ["attributes"],
    queryFn: ({ signal }) => get<Names>("/api/attributes", signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export interface StoredValue {
  address: string;
  bytes: number | null; // null where the server does not say
}

/** A value that is elsewhere: alone where it can be had so, else (frames that are compressed) in parts, and its size. */
export function useStoredValue(address: string): UseQueryResult<StoredValue> {
  return useQuery({
    queryKey: [...OBJECTS_KEY, "value", address],
    queryFn: async ({ signal }) => (await sized(`${address}?accept=application/octet-stream`, signal)) ?? (await sized(address, signal)) ?? { address, bytes: null },
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
}

async function sized(address: string, signal: AbortSignal): Promise<StoredValue | null> {
  const answer = await fetch(address, { method: "HEAD", credentials: "same-origin", signal });
  const length = answer.headers.get("Content-Length");
  return answer.ok ? { address, bytes: length === null ? null : Number(length) } : null;
}

/** A text made of the object: of a report a page without scripts, whose links lead nowhere and are taken out. */
export function useObjectText(facts: ObjectFacts): UseQueryResult<string> {
  const address = `${objectAddress(facts)}/rendered`;
  return useQuery({
    queryKey: [...OBJECTS_KEY, "text", address],
    queryFn: async ({ signal }) => {
      const answer = await fetch(address, { headers: { Accept: "text/html" }, credentials: "same-origin", signal });
      if (!answer.ok) throw new Error(String(answer.status));
      return withoutLinks(await answer.text());
    },
    retry: false,
  });
}

function withoutLinks(html: string): string {
  const page = new DOMParser().parseFromString(html, "text/html");
  for (const link of page.querySelectorAll("a[href]")) link.removeAttribute("href");
  return `<!doctype html>${page.documentElement.outerHTML}`;
}
