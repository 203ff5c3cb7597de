// Who is signed in: the server's truth, kept in the query cache under one key.
import {
  useMutation,
  useQuery,
  useQueryClient,
  type QueryClient,
  type UseMutationResult,
  type UseQueryResult,
} from "@tanstack/react-query";
import { createContext, useContext } from "react";
import { fetchSession, post } from "../api/client";
import type { Session } from "../api/types";
import { uploads } from "./uploads";
import { rememberWalk } from "./walk";

export const SESSION_KEY = ["session"] as const;

export interface Credentials {
  username: string;
  password: string;
}

export function useSession(): UseQueryResult<Session | null> {
  return useQuery({ queryKey: SESSION_KEY, queryFn: ({ signal }) => fetchSession(signal), staleTime: 60_000 });
}

/** Given by the frame, which shows nothing without a session. */
export const SignedIn = createContext<Session | null>(null);

export function useSignedIn(): Session {
  const session = useContext(SignedIn);
  if (!session) throw new Error("used outside of the frame");
  return session;
}

/** Nobody is signed in any more: the frame gives way, and nothing of a patient stays in memory. */
export function endSession(client: QueryClient): void {
  client.setQueryData(SESSION_KEY, null);
  client.removeQueries({ predicate: (query) => query.queryKey[0] !== SESSION_KEY[0] });
  uploads.cancel();
  uploads.clear();
  rememberWalk([]);
}

export function useSignIn(): UseMutationResult<Session | null, Error, Credentials> {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (credentials: Credentials) => {
      await post("/api/login", credentials);
      return fetchSession();
    },
    onSuccess: (session) => client.setQueryData(SESSION_KEY, session),
  });
}

export function useSignOut(): UseMutationResult<void, Error, void> {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => post<void>("/api/logout"),
    onSuccess: () => endSession(client),
  });
}

/** Makes the first administrator by the one-time link, and signs them in. */
export function useSetup(): UseMutationResult<Session | null, Error, Credentials & { token: string }> {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (administrator: Credentials & { token: string }) => {
      await post("/api/setup", administrator);
      await post("/api/login", { username: administrator.username, password: administrator.password });
      return fetchSession();
    },
    onSuccess: (session) => client.setQueryData(SESSION_KEY, session),
  });
}
