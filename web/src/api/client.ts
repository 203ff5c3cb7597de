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

/** A value and the tag by which it is told from what others have made of it meanwhile. */
export interface Tagged<T> {
  value: T;
  tag: string;
}

interface Sending {
  body?: unknown;
  signal?: AbortSignal | undefined;
  headers?: Record<string, string>;
}

async function request<T>(method: string, path: string, { body, signal, headers = {} }: Sending = {}): Promise<Tagged<T>> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: {
        Accept: "application/json",
        ...(method === "GET" ? {} : csrfHeader()),
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...headers,
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
  return { value: (text === "" ? undefined : JSON.parse(text)) as T, tag: response.headers.get("ETag") ?? "" };
}

const valueOf = async <T>(answer: Promise<Tagged<T>>): Promise<T> => (await answer).value;
const BY_ITSELF = { "X-By-Itself": "1" };

export const get = <T>(path: string, signal?: AbortSignal): Promise<T> => valueOf(request<T>("GET", path, { signal }));
/** Ask for what nobody has asked for: it does not keep the session of somebody who is away. */
export const getByItself = <T>(path: string): Promise<T> => valueOf(request<T>("GET", path, { headers: BY_ITSELF }));
export const post = <T>(path: string, body: unknown = {}): Promise<T> => valueOf(request<T>("POST", path, { body }));
export const remove = (path: string): Promise<void> => valueOf(request<void>("DELETE", path));
export const getTagged = <T>(path: string, signal?: AbortSignal): Promise<Tagged<T>> => request<T>("GET", path, { signal });
/** Replace what was read with this tag; an `ApiError` 412 when it is another one by now. */
export const putTagged = <T>(path: string, { value, tag }: Tagged<T>): Promise<Tagged<T>> =>
  request<T>("PUT", path, { body: value, headers: { "If-Match": tag } });

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
