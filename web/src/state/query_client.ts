// The cache of the server's truth. An answer 401 anywhere ends the session on the page too.
import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { ApiError } from "../api/client";
import { endSession, SESSION_KEY } from "./session";

const RETRIES = 2;

export function makeQueryClient(): QueryClient {
  const onError = (error: Error): void => {
    const signedIn = Boolean(client.getQueryData(SESSION_KEY));
    if (signedIn && error instanceof ApiError && error.status === 401) endSession(client);
  };
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        gcTime: 5 * 60_000,
        retry: (count, error) => {
          const transient = error instanceof ApiError && (error.status === 0 || error.status >= 500);
          return transient && count < RETRIES;
        },
      },
    },
  });
  return client;
}
