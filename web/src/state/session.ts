// Who is signed in: the server's truth, kept in the query cache under one key.
import { useMutation, useQuery, useQueryClient, type UseMutationResult, type UseQueryResult } from "@tanstack/react-query";
import { fetchSession, post } from "../api/client";
import type { Session } from "../api/types";

export const SESSION_KEY = ["session"] as const;

export interface Credentials {
  username: string;
  password: string;
}

export function useSession(): UseQueryResult<Session | null> {
  return useQuery({ queryKey: SESSION_KEY, queryFn: ({ signal }) => fetchSession(signal), staleTime: 60_000 });
}

/** The session of a page that is only shown to somebody signed in. */
export function useSignedIn(): Session {
  const { data } = useSession();
  if (!data) throw new Error("shown without a session");
  return data;
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
    onSuccess: () => {
      client.clear(); // nothing of a patient stays in memory
      client.setQueryData(SESSION_KEY, null);
    },
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
