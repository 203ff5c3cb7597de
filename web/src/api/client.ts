// The one place that talks HTTP: the session's CSRF token, and errors as values that pages can show.
import type { Session } from "./types";

/** An answer other than success. `status` 0 means that no answer came at all. */
export class ApiError extends Error {
  readonly status: number;
  readonly id: string | null;
  readonly retryAfter: number | null; // seconds

  constructor(status: number, detail: string, id: string | null = null, retryAfter: number | null = null) {
    super(detail);
    this.status = status;
    this.id = id;
    this.retryAfter = retryAfter;
  }
}

interface Problem {
  title?: string;
  detail?: string;
  id?: string;
  instance?: string;
}

let csrf = "";

export function csrfHeader(): Record<string, string> {
  return { "X-CSRF-Token": csrf };
}

export function parseProblem(status: number, body: string, retryAfter: string | null): ApiError {
  let problem: Problem = {};
  try {
    problem = (JSON.parse(body) as Problem | null) ?? {};
  } catch {
    // not JSON: a proxy in between has answered
  }
  const seconds = Number.parseInt(retryAfter ?? "", 10);
  return new ApiError(
    status,
    problem.detail ?? problem.title ?? "",
    problem.id ?? problem.instance ?? null,
    Number.isNaN(seconds) ? null : seconds,
  );
}

async function request<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: {
        Accept: "application/json",
        ...(method === "GET" ? {} : csrfHeader()),
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      credentials: "same-origin",
      signal: signal ?? null,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "");
  }
  const text = await response.text();
  if (!response.ok) throw parseProblem(response.status, text, response.headers.get("Retry-After"));
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

export const get = <T>(path: string, signal?: AbortSignal): Promise<T> => request<T>("GET", path, undefined, signal);
export const post = <T>(path: string, body: unknown = {}): Promise<T> => request<T>("POST", path, body);
export const remove = (path: string): Promise<void> => request<void>("DELETE", path);

/** The session of the cookie, or null when nobody is signed in. */
export async function fetchSession(signal?: AbortSignal): Promise<Session | null> {
  try {
    const session = await get<Session>("/api/session", signal);
    csrf = session.csrf;
    return session;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}
