// The bin from the server: what was deleted, and taking a deletion back.
import { useMutation, useQuery, useQueryClient, type UseMutationResult, type UseQueryResult } from "@tanstack/react-query";
import { get, post } from "../api/client";
import type { Deletion } from "../api/types";
import { STUDIES_KEY } from "./studies";

const BIN_KEY = ["bin"] as const;

export function useDeletions(): UseQueryResult<Deletion[]> {
  return useQuery({
    queryKey: BIN_KEY,
    queryFn: async ({ signal }) => (await get<{ deletions: Deletion[] }>("/api/bin", signal)).deletions,
  });
}

/** Takes a deletion back; the list of studies is asked for again, for they are in it once more. */
export function useRestore(): UseMutationResult<unknown, Error, string> {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => post(`/api/bin/${encodeURIComponent(id)}/restore`),
    onSettled: () =>
      Promise.all([client.invalidateQueries({ queryKey: BIN_KEY }), client.invalidateQueries({ queryKey: STUDIES_KEY })]),
  });
}
