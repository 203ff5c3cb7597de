// Studies from the server: the list by pages, one study with its series, and the walk from one to the next.
import {
  keepPreviousData,
  queryOptions,
  useInfiniteQuery,
  useQuery,
  type InfiniteData,
  type UseInfiniteQueryResult,
  type UseQueryResult,
} from "@tanstack/react-query";
import { get } from "../api/client";
import type { Choices, StudyDetail, StudyPage } from "../api/types";

const PAGE = 100;
const EMPTY_MS = 3000; // an empty list asks again so often: somebody waits for what they have just sent
export const STUDIES_KEY = ["studies"] as const;
export const LISTS_KEY = [...STUDIES_KEY, "list"] as const;

export const listKey = (query: string) => [...LISTS_KEY, query] as const;

export function useStudies(query: string): UseInfiniteQueryResult<InfiniteData<StudyPage>> {
  return useInfiniteQuery({
    queryKey: listKey(query),
    queryFn: ({ pageParam, signal }) => {
      const cursor = pageParam ? `&cursor=${encodeURIComponent(pageParam)}` : "";
      return get<StudyPage>(`/api/studies?${query}&limit=${PAGE}${cursor}`, signal);
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.cursor ?? undefined,
    placeholderData: keepPreviousData,
    refetchOnWindowFocus: false, // rows do not move under the hand: changes are told (live.ts)
    refetchInterval: (asked) => (asked.state.data?.pages[0]?.studies.length === 0 ? EMPTY_MS : false),
  });
}

export const studyQuery = (uid: string) =>
  queryOptions({
    queryKey: [...STUDIES_KEY, "one", uid],
    queryFn: ({ signal }) => get<StudyDetail>(`/api/studies/${encodeURIComponent(uid)}`, signal),
  });

export function useStudy(uid: string | null): UseQueryResult<StudyDetail> {
  return useQuery({ ...studyQuery(uid ?? ""), enabled: uid !== null });
}

/** The standard's way to a ZIP of what is stored (PS3.18 8.3.3.1 and 8.7.3.5: the media type as a query parameter). */
export const downloadAddress = (studyUid: string, seriesUid?: string): string =>
  `/dicomweb/studies/${studyUid}${seriesUid ? `/series/${seriesUid}` : ""}?accept=application/zip`;

/** What the list can be filtered by: asked for when somebody is about to choose. */
export function useChoices(): UseQueryResult<Choices> {
  return useQuery({
    queryKey: [...STUDIES_KEY, "choices"],
    queryFn: ({ signal }) => get<Choices>("/api/choices", signal),
    staleTime: 60_000,
  });
}
