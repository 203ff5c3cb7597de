// The bin from the server: putting something into it, what lies there, and taking it back.
import {
  hashKey,
  useMutation,
  useQuery,
  useQueryClient,
  type InfiniteData,
  type QueryClient,
  type UseMutationResult,
  type UseQueryResult,
} from "@tanstack/react-query";
import { createContext, useContext } from "react";
import { ApiError, get, post, remove } from "../api/client";
import type { Deletion, Series, StudyPage, StudyRow } from "../api/types";
import { LISTS_KEY, studyQuery, STUDIES_KEY } from "./studies";

const BIN_KEY = ["bin"] as const;
export const MAX_REASON = 1000; // characters that the server takes

/** What somebody is about to delete, or has deleted, in the words that tell it from others. */
export interface Target {
  study: Omit<StudyRow, "series">;
  series: Series | null; // null: the whole study
  seriesCount: number; // that go
  instances: number; // that go
}

export const wholeStudy = (study: StudyRow): Target => ({
  study,
  series: null,
  seriesCount: study.series,
  instances: study.instances,
});

/** Given by the frame to whoever may delete: asks, deletes, and then calls back. Null for all others. */
export const AskToDelete = createContext<((target: Target, onDeleted: () => void) => void) | null>(null);

export const useAskToDelete = () => useContext(AskToDelete);

async function fetchDeletions(signal?: AbortSignal): Promise<Deletion[]> {
  return (await get<{ deletions: Deletion[] }>("/api/bin", signal)).deletions;
}

export function useDeletions(): UseQueryResult<Deletion[]> {
  return useQuery({ queryKey: BIN_KEY, queryFn: ({ signal }) => fetchDeletions(signal) });
}

const address = ({ study, series }: Target): string =>
  `/dicomweb/studies/${study.study_uid}${series ? `/series/${series.series_uid}` : ""}`;

/** Lists, counts and the bin are asked for again: something has left or entered them. Not a study that is `gone`. */
function refresh(client: QueryClient, gone?: string): Promise<unknown> {
  const goneKey = gone === undefined ? "" : hashKey(studyQuery(gone).queryKey);
  void client.invalidateQueries({ predicate: ({ queryHash }) => queryHash === goneKey, refetchType: "none" });
  return client.invalidateQueries({
    predicate: ({ queryKey, queryHash }) => (queryKey[0] === BIN_KEY[0] || queryKey[0] === STUDIES_KEY[0]) && queryHash !== goneKey,
  });
}

/** A row that is shown until the list has been asked for again would ask for a study that is gone. */
function takeOffLists(client: QueryClient, uid: string): void {
  client.setQueriesData<InfiniteData<StudyPage>>({ queryKey: LISTS_KEY }, (list) => {
    const without = (page: StudyPage): StudyPage => ({ ...page, studies: page.studies.filter((row) => row.study_uid !== uid) });
    return list && { ...list, pages: list.pages.map(without) };
  });
}

/** Puts a study or a series into the bin; `onDeleted` leaves a page that would show what is gone. */
export function useDelete(onDeleted: () => void): UseMutationResult<void, Error, { target: Target; reason: string }> {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ target, reason }) => remove(`${address(target)}?reason=${encodeURIComponent(reason)}`),
    onSuccess: (_, { target }) => {
      if (!target.series) takeOffLists(client, target.study.study_uid);
      onDeleted();
      void refresh(client, target.series ? undefined : target.study.study_uid);
    },
  });
}

const restore = (id: string): Promise<unknown> => post(`/api/bin/${encodeURIComponent(id)}/restore`);

/** Takes a deletion back, by its id. */
export function useRestore(): UseMutationResult<unknown, Error, string> {
  const client = useQueryClient();
  return useMutation({ mutationFn: restore, onSettled: () => refresh(client) });
}

/** Takes back what has just been deleted: only what is served can be, so it is the newest that names it. */
export function useUndo(): UseMutationResult<unknown, Error, Target> {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ study, series }) => {
      const found = (await fetchDeletions()).find(
        (each) =>
          each.study_uid === study.study_uid &&
          each.series_uid === (series?.series_uid ?? null) &&
          each.instance_uid === null &&
          each.restored_at === null,
      );
      if (!found) throw new ApiError(404, "");
      await restore(found.id);
    },
    onSettled: () => refresh(client),
  });
}
