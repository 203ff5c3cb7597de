// Uploading by STOW-RS (PS3.18 10.5): what a file is, how files are gathered into requests, what the answer says of each.

const PART10_MAGIC = "DICM"; // at byte 128 (PS3.10 7.1)
const MEDIA_DIRECTORY = "1.2.840.10008.1.3.10";
const HEAD_BYTES = 2048; // group 0002 is shorter than this in all but contrived files

export type FileKind = "dicom" | "not-dicom" | "media-directory";

/** What the first bytes tell. `instanceUid` is null where there is no file meta information. */
export interface FileHead {
  kind: FileKind;
  instanceUid: string | null;
}

function ascii(bytes: Uint8Array, start: number, stop: number): string {
  return String.fromCharCode(...bytes.subarray(start, stop));
}

function readMeta(bytes: Uint8Array): FileHead {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const head: FileHead = { kind: "dicom", instanceUid: null };
  let at = 132;
  while (at + 8 <= bytes.length && view.getUint16(at, true) === 0x0002) {
    const element = view.getUint16(at + 2, true);
    const long = ["OB", "UN", "OW", "UT"].includes(ascii(bytes, at + 4, at + 6));
    if (long && at + 12 > bytes.length) break;
    const start = at + (long ? 12 : 8);
    const length = long ? view.getUint32(at + 8, true) : view.getUint16(at + 6, true);
    const value = ascii(bytes, start, Math.min(start + Math.min(length, 64), bytes.length)).replace(/[\0 ]+$/, "");
    if (element === 0x0002 && value === MEDIA_DIRECTORY) head.kind = "media-directory";
    if (element === 0x0003 && value) head.instanceUid = value;
    at = start + length;
  }
  return head;
}

/** A data set without preamble begins with a low even group, a plausible element and a length inside reason. */
function looksLikeBareDataSet(bytes: Uint8Array): boolean {
  if (bytes.length < 16) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const little of [true, false]) {
    const group = view.getUint16(0, little);
    if (group !== 0x0002 && group !== 0x0008) continue;
    const element = view.getUint16(2, little);
    const explicit = /^[A-Z]{2}$/.test(ascii(bytes, 4, 6));
    if (element <= 0x0020 && (explicit || view.getUint32(4, little) <= 256)) return true;
  }
  return false;
}

export function classify(bytes: Uint8Array): FileHead {
  if (bytes.length >= 132 && ascii(bytes, 128, 132) === PART10_MAGIC) return readMeta(bytes);
  return { kind: looksLikeBareDataSet(bytes) ? "dicom" : "not-dicom", instanceUid: null };
}

export async function readHead(file: Blob): Promise<FileHead> {
  return classify(new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer()));
}

export interface Candidate {
  size: number; // bytes
  instanceUid: string | null;
}

export interface Limits {
  files: number;
  bytes: number;
}

export const REQUEST_LIMITS: Limits = { files: 12, bytes: 24 * 1024 * 1024 };

/**
 * Gathers files into requests. The answer names instances, not files, so a file without a known UID travels alone and
 * no request carries one UID twice.
 */
export function split<T extends Candidate>(files: readonly T[], limits: Limits = REQUEST_LIMITS): T[][] {
  const requests: T[][] = [];
  let open: T[] = [];
  let bytes = 0;
  const uids = new Set<string>();
  const close = (): void => {
    if (open.length) requests.push(open);
    open = [];
    bytes = 0;
    uids.clear();
  };
  for (const file of files) {
    if (file.instanceUid === null) {
      requests.push([file]);
      continue;
    }
    if (open.length >= limits.files || bytes + file.size > limits.bytes || uids.has(file.instanceUid)) close();
    open.push(file);
    bytes += file.size;
    uids.add(file.instanceUid);
  }
  close();
  return requests;
}

/** The multipart body. Blobs are joined without reading them; `ends` are the offsets where each file has been sent. */
export function multipart(files: readonly Blob[], boundary: string): { body: Blob; type: string; ends: number[] } {
  const parts: (Blob | string)[] = [];
  const ends: number[] = [];
  let offset = 0;
  for (const file of files) {
    const header = `--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`;
    parts.push(header, file, "\r\n");
    offset += header.length + file.size;
    ends.push(offset);
    offset += 2;
  }
  parts.push(`--${boundary}--\r\n`);
  return { body: new Blob(parts), type: `multipart/related; type="application/dicom"; boundary=${boundary}`, ends };
}

interface JsonElement {
  Value?: unknown[];
}
type JsonDataSet = Record<string, JsonElement | undefined>;

const RETRIEVE_SEQUENCE = "00081199"; // Referenced SOP Sequence: stored
const FAILED_SEQUENCE = "00081198";
const OTHER_FAILURES = "0008119A"; // parts that are no instance at all
const INSTANCE_UID = "00081155";
const FAILURE_REASON = "00081197";
const WARNING_REASON = "00081196";
const ERROR_COMMENT = "00000902";

export interface PartOutcome {
  instanceUid: string | null;
  stored: boolean;
  reason: number | null; // failure or warning reason (PS3.18 table I.2-1, I.2-2)
  comment: string | null;
}

function first(item: JsonDataSet, tag: string): unknown {
  return item[tag]?.Value?.[0];
}

function outcome(item: JsonDataSet, stored: boolean): PartOutcome {
  const uid = first(item, INSTANCE_UID);
  const reason = first(item, stored ? WARNING_REASON : FAILURE_REASON);
  const comment = first(item, ERROR_COMMENT);
  return {
    instanceUid: typeof uid === "string" ? uid : null,
    stored,
    reason: typeof reason === "number" ? reason : null,
    comment: typeof comment === "string" ? comment : null,
  };
}

/** What a store answer says, one outcome per instance it names; null when the body is no store answer. */
export function readStoreAnswer(body: string): PartOutcome[] | null {
  let answer: JsonDataSet | JsonDataSet[] | null;
  try {
    answer = JSON.parse(body) as JsonDataSet | JsonDataSet[] | null;
  } catch {
    return null;
  }
  const dataSet = Array.isArray(answer) ? answer[0] : answer;
  if (!dataSet || typeof dataSet !== "object") return null;
  const items = (tag: string): JsonDataSet[] => (dataSet[tag]?.Value ?? []) as JsonDataSet[];
  const outcomes = [
    ...items(RETRIEVE_SEQUENCE).map((item) => outcome(item, true)),
    ...[...items(FAILED_SEQUENCE), ...items(OTHER_FAILURES)].map((item) => outcome(item, false)),
  ];
  return outcomes.length ? outcomes : null;
}

/**
 * The outcome of each file of a request, undefined where the answer leaves it open: such a file is sent again alone,
 * and then the one outcome of the answer is its own.
 */
export function assign(files: readonly Candidate[], outcomes: readonly PartOutcome[]): (PartOutcome | undefined)[] {
  if (files.length === 1) return [outcomes[0]];
  const byUid = new Map(outcomes.map((part) => [part.instanceUid, part]));
  return files.map((file) => byUid.get(file.instanceUid));
}
