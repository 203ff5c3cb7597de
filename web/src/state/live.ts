// The list while studies come: rows that are shown are kept as they are on the server, new ones wait until they are asked for.
import { useQueryClient, type InfiniteData, type QueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { getByItself } from "../api/client";
import type { Changes, StudyPage, StudyRow } from "../api/types";
import { SESSION_KEY } from "./session";
import { listKey } from "./studies";

const AGAIN_MS = 10_000; // after the server has refused to go on
const AT_ONCE = 100; // studies asked for by one request

export interface Live {
  connected: boolean;
  fresh: ReadonlySet<string>; // studies that have come and match
  stale: boolean; // more has changed than could be followed
  show: () => void;
}

type Pages = InfiniteData<StudyPage>;

const changePages = (client: QueryClient, query: string, change: (rows: StudyRow[]) => StudyRow[]): void =>
  void client.setQueryData<Pages>(listKey(query), (held) =>
    held && { ...held, pages: held.pages.map((page) => ({ ...page, studies: change(page.studies) })) },
  );

async function rowsOf(uids: string[], query = ""): Promise<StudyRow[]> {
  const found: StudyRow[] = [];
  for (let at = 0; at < uids.length; at += AT_ONCE) {
    const some = uids.slice(at, at + AT_ONCE).join(",");
    found.push(...(await getByItself<StudyPage>(`/api/studies?${query}&study=${some}&limit=${AT_ONCE}`)).studies);
  }
  return found;
}

export function useLive(query: string): Live {
  const client = useQueryClient();
  const [connected, setConnected] = useState(false);
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set());
  const [stale, setStale] = useState(false);
  const current = useRef(query);
  useEffect(() => {
    current.current = query;
    setFresh(new Set());
    setStale(false);
  }, [query]);

  const show = useCallback(() => {
    const key = listKey(current.current);
    setFresh(new Set());
    setStale(false);
    client.setQueryData<Pages>(key, (held) => held && { pages: held.pages.slice(0, 1), pageParams: held.pageParams.slice(0, 1) });
    void client.invalidateQueries({ queryKey: key });
  }, [client]);

  const follow = useCallback(
    async (changes: Changes): Promise<void> => {
      const asked = current.current;
      const pages = client.getQueryData<Pages>(listKey(asked))?.pages ?? [];
      const known = new Set(pages.flatMap((page) => page.studies.map((study) => study.study_uid)));
      const gone = new Set(changes.gone);
      if (changes.gone.some((uid) => known.has(uid))) {
        changePages(client, asked, (rows) => rows.filter((row) => !gone.has(row.study_uid)));
      }
      const shown = [...changes.new, ...changes.changed].filter((uid) => known.has(uid));
      const rows = new Map((await rowsOf(shown)).map((row) => [row.study_uid, row]));
      if (rows.size > 0) changePages(client, asked, (held) => held.map((row) => rows.get(row.study_uid) ?? row));
      const unknown = changes.new.filter((uid) => !known.has(uid));
      const matching = (await rowsOf(unknown, asked)).map((row) => row.study_uid);
      if (current.current !== asked) return; // another list by now
      if (known.size === 0 && matching.length > 0) show();
      else setFresh((now) => new Set([...now, ...matching].filter((uid) => !gone.has(uid))));
    },
    [client, show],
  );

  useEffect(() => {
    let source: EventSource | null = null;
    let timer: ReturnType<typeof setTimeout>;
    let since = "";
    const close = (): void => {
      clearTimeout(timer);
      source?.close();
      source = null;
      setConnected(false);
    };
    const open = (): void => {
      close();
      source = new EventSource(`/api/changes${since && `?since=${since}`}`);
      source.onopen = () => setConnected(true);
      source.addEventListener("studies", (event: MessageEvent<string>) => {
        since = event.lastEventId || since;
        follow(JSON.parse(event.data) as Changes).catch(() => setStale(true));
      });
      source.addEventListener("lost", (event) => {
        since = event.lastEventId || since;
        setStale(true);
      });
      source.onerror = () => {
        setConnected(false);
        if (source?.readyState !== EventSource.CLOSED) return; // it comes back by itself
        void client.invalidateQueries({ queryKey: SESSION_KEY }); // perhaps nobody is signed in any more
        timer = setTimeout(open, AGAIN_MS);
      };
    };
    // A browser opens six connections to a server: tabs that nobody sees need none.
    const onVisibility = (): void => (document.hidden ? close() : open());
    onVisibility();
    document.addEventListener("visibilitychange", onVisibility);
    return () => {
      document.removeEventListener("visibilitychange", onVisibility);
      close();
    };
  }, [client, follow]);

  return { connected, fresh, stale, show };
}
