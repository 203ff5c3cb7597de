// Uploads under way: files are told apart, gathered into requests, sent a few at a time, and each gets its outcome.
import { useSyncExternalStore } from "react";
import { csrfHeader, parseProblem, type ApiError } from "../api/client";
import { assign, multipart, readHead, readStoreAnswer, split, type FileKind, type PartOutcome } from "../api/stow";

export type FileState = "waiting" | "sending" | "stored" | "refused" | "not-dicom" | "cancelled";

/** Warning reason: another content is kept, and served, under the UID of what was sent. */
export const OTHER_VERSION = 0xb111;

/** Why a file was refused, or what is to be known of a stored one: a code of the standard, of HTTP, or words. */
export interface Reason {
  code: number | null;
  status: number | null;
  comment: string | null;
}

export interface UploadFile {
  readonly file: File;
  readonly path: string;
  readonly size: number;
  kind: FileKind;
  instanceUid: string | null;
  state: FileState;
  sent: number; // bytes
  reason: Reason | null;
}

export interface Snapshot {
  files: readonly UploadFile[];
  counts: Record<FileState, number>;
  versions: number; // of those stored: kept as another version
  sent: number; // bytes of all files that are DICOM
  size: number;
  running: boolean;
}

const PARALLEL = 3;
const BY_PATH = new Intl.Collator("en", { numeric: true });
const NOTICE_MS = 100; // pages hear of progress at most this often

const EMPTY_COUNTS: Record<FileState, number> = {
  waiting: 0,
  sending: 0,
  stored: 0,
  refused: 0,
  "not-dicom": 0,
  cancelled: 0,
};

/** Whether a file was kept beside another content that is served. */
export function isVersion(file: UploadFile): boolean {
  return file.state === "stored" && file.reason?.code === OTHER_VERSION;
}

function noted(status: number | null, code: number | null, comment: string | null): Reason {
  return { status, code, comment };
}

interface Answer {
  status: number;
  outcomes: PartOutcome[] | null;
  problem: ApiError | null;
}

export class Uploads {
  private files: UploadFile[] = [];
  private queue: UploadFile[][] = [];
  private readonly requests = new Set<XMLHttpRequest>();
  private reading = 0;
  private round = 0; // raised by cancel: what was begun before it is dropped
  private snapshot: Snapshot = { files: [], counts: EMPTY_COUNTS, versions: 0, sent: 0, size: 0, running: false };
  private readonly listeners = new Set<() => void>();
  private notice: ReturnType<typeof setTimeout> | null = null;

  /** Called when a run has ended and something was stored. */
  onStored: () => void = () => undefined;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly current = (): Snapshot => this.snapshot;

  async add(picked: readonly { file: File; path: string }[]): Promise<void> {
    const sorted = [...picked].sort((one, other) => BY_PATH.compare(one.path, other.path));
    const added = sorted.map(({ file, path }): UploadFile => ({
      file, path, size: file.size, kind: "dicom", instanceUid: null, state: "waiting", sent: 0, reason: null,
    }));
    this.files = [...this.files, ...added];
    const round = this.round;
    this.reading += 1;
    this.changed();
    for (let at = 0; at < added.length; at += 200) {
      const some = added.slice(at, at + 200);
      await Promise.all(some.map((file) => this.tellApart(file)));
      if (round !== this.round) break;
      this.queue.push(...split(some.filter((file) => file.state === "waiting")));
      this.pump();
    }
    this.reading -= 1;
    this.pump();
  }

  cancel(): void {
    this.round += 1;
    this.queue = [];
    for (const file of this.files) if (file.state === "waiting" || file.state === "sending") file.state = "cancelled";
    for (const request of this.requests) request.abort();
    this.requests.clear();
    this.publish();
  }

  clear(): void {
    if (this.snapshot.running) return;
    this.files = [];
    this.publish();
  }

  private async tellApart(file: UploadFile): Promise<void> {
    try {
      const head = await readHead(file.file);
      file.kind = head.kind;
      file.instanceUid = head.instanceUid;
      if (head.kind !== "dicom" && file.state === "waiting") file.state = "not-dicom";
    } catch {
      file.state = "refused"; // gone or not readable on this computer
      file.reason = noted(null, null, null);
    }
  }

  private pump(): void {
    while (this.requests.size < PARALLEL) {
      const next = this.queue.shift();
      if (!next) break;
      this.send(next);
    }
    this.changed();
  }

  private send(files: UploadFile[]): void {
    const boundary = `filmless${crypto.getRandomValues(new Uint32Array(4)).join("")}`;
    const { body, type, ends } = multipart(files.map((file) => file.file), boundary);
    const request = new XMLHttpRequest();
    const round = this.round;
    this.requests.add(request);
    for (const file of files) file.state = "sending";
    request.upload.onprogress = (event) => {
      files.forEach((file, index) => {
        const left = (ends[index] ?? 0) - event.loaded;
        file.sent = Math.max(0, Math.min(file.size, file.size - left));
      });
      this.changed();
    };
    request.onloadend = () => {
      if (round !== this.round) return;
      this.requests.delete(request);
      this.settle(files, this.readAnswer(request));
      this.pump();
    };
    request.open("POST", "/dicomweb/studies");
    request.setRequestHeader("Content-Type", type);
    request.setRequestHeader("Accept", "application/dicom+json");
    for (const [name, value] of Object.entries(csrfHeader())) request.setRequestHeader(name, value);
    request.send(body);
  }

  private readAnswer(request: XMLHttpRequest): Answer {
    const outcomes = readStoreAnswer(request.responseText);
    const problem = outcomes ? null : parseProblem(request.status, request.responseText, null);
    return { status: request.status, outcomes, problem };
  }

  private settle(files: UploadFile[], { status, outcomes, problem }: Answer): void {
    const parts = outcomes ? assign(files, outcomes) : [];
    files.forEach((file, index) => {
      const part = parts[index];
      file.sent = file.size;
      if (part) {
        file.state = part.stored ? "stored" : "refused";
        file.reason = part.stored && part.reason === null ? null : noted(null, part.reason, part.comment);
      } else if (files.length > 1 && status !== 0 && status < 500 && status !== 401 && status !== 403) {
        file.state = "waiting"; // one bad neighbour must not cost the others: each again, alone
        file.sent = 0;
        this.queue.push([file]);
      } else {
        file.state = "refused";
        file.reason = noted(status, null, problem?.message ?? null);
      }
    });
  }

  private changed(): void {
    this.notice ??= setTimeout(() => {
      this.notice = null;
      this.publish();
    }, NOTICE_MS);
  }

  private publish(): void {
    const counts = { ...EMPTY_COUNTS };
    let versions = 0;
    let sent = 0;
    let size = 0;
    for (const file of this.files) {
      counts[file.state] += 1;
      if (isVersion(file)) versions += 1;
      if (file.state === "not-dicom") continue;
      sent += file.sent;
      size += file.size;
    }
    const wasRunning = this.snapshot.running;
    const running = this.reading > 0 || this.queue.length > 0 || this.requests.size > 0;
    this.snapshot = { files: [...this.files], counts, versions, sent, size, running };
    this.listeners.forEach((listener) => listener());
    if (wasRunning && !running && counts.stored > 0) this.onStored();
  }
}

export const uploads = new Uploads();

export const useUploads = (): Snapshot => useSyncExternalStore(uploads.subscribe, uploads.current);
