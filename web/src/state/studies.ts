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
import type { StudyDetail, StudyPage } from "../api/types";

const PAGE = 100;
const EMPTY_MS = 3000; // an empty list asks again so often: somebody waits for what they have just sent
export const STUDIES_KEY = ["studies"] as const;
export const LISTS_KEY = [...STUDIES_KEY, "list"] as const;

export function useStudies(query: string): UseInfiniteQueryResult<InfiniteData<StudyPage>> {
  return useInfiniteQuery({
    queryKey: [...LISTS_KEY, query],
    queryFn: ({ pageParam, signal }) => {
      const cursor = pageParam ? `&cursor=${encodeURIComponent(pageParam)}` : "";
      return get<StudyPage>(`/api/studies?${query}&limit=${PAGE}${cursor}`, signal);
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.cursor ?? undefined,
    placeholderData: keepPreviousData,
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
