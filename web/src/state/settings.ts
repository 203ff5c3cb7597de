// What the user has set, kept on the server: read once, changed at once here and then there.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ApiError, getTagged, putTagged, type Tagged } from "../api/client";
import type { Settings } from "../api/types";

const KEY = ["settings"] as const;
const PATH = "/api/settings";
const NONE: Settings = {};
const TRIES = 3; // another window may be faster

export type Change = (settings: Settings) => Settings;

const read = (signal?: AbortSignal): Promise<Tagged<Settings>> => getTagged<Settings>(PATH, signal);

export function useSettings(): { settings: Settings; known: boolean } {
  const kept = useQuery({ queryKey: KEY, queryFn: ({ signal }) => read(signal), staleTime: Infinity });
  return { settings: kept.data?.value ?? NONE, known: kept.isFetched };
}

/** Changes settings: at once on the page, then on the server to what it has now, whichever window was there before. */
export function useChangeSettings(): { change: (change: Change) => void; failed: boolean } {
  const client = useQueryClient();
  const { mutate, isError } = useMutation({
    mutationKey: KEY,
    scope: { id: KEY[0] }, // one after the other
    mutationFn: async (change: Change) => {
      for (let tries = TRIES; ; tries--) {
        const kept = await read();
        try {
          return await putTagged(PATH, { value: change(kept.value), tag: kept.tag });
        } catch (error) {
          if (!(error instanceof ApiError && error.status === 412 && tries > 1)) throw error;
        }
      }
    },
    onMutate: (change) =>
      client.setQueryData<Tagged<Settings>>(KEY, (shown) => ({ value: change(shown?.value ?? NONE), tag: shown?.tag ?? "" })),
    onSuccess: (kept) => {
      if (client.isMutating({ mutationKey: KEY }) === 1) client.setQueryData(KEY, kept);
    },
    onError: () => void client.invalidateQueries({ queryKey: KEY }),
  });
  return { change: mutate, failed: isError };
}
