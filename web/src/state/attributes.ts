// The attributes of an object as rows of a tree: DICOM JSON (PS3.18 F.2) with the names of the dictionary.

export interface Element {
  vr: string;
  Value?: unknown[];
  InlineBinary?: string;
  BulkDataURI?: string;
}
export type DataSet = Record<string, Element>;
export type Names = Record<string, string>;

export interface AttributeRow {
  id: string; // "00081115/0/0020000E"
  parent: string | null;
  depth: number;
  path: string; // "(0008,1115)[0].(0020,000E)", as DCMTK and others take it
  tag: string; // "(0020,000E)"; of an item ""
  name: string;
  known: boolean; // the dictionary has its name
  vr: string;
  text: string; // the values; of what has none ""
  items: number | null; // of a sequence
  bytes: number | null; // of a binary value that is here
  address: string | null; // of a value that is elsewhere
  open: boolean | null; // null: there is nothing to unfold
}

const MAX_DEPTH = 32;

const shownTag = (tag: string): string => `(${tag.slice(0, 4)},${tag.slice(4)})`;
const isPrivate = (tag: string): boolean => Number.parseInt(tag.slice(3, 4), 16) % 2 === 1;

/** The keyword of a tag; of a private one who defined it. */
export function nameOf(tag: string, dataSet: DataSet, names: Names): { name: string; known: boolean } {
  const found = names[tag] ?? names[`${tag.slice(0, 2)}xx${tag.slice(4)}`] ?? names[`${tag.slice(0, 6)}xx`];
  if (found) return { name: found, known: true };
  if (!isPrivate(tag)) return { name: "", known: false };
  if (/^00[1-9A-F][0-9A-F]$/.test(tag.slice(4))) return { name: "PrivateCreator", known: true };
  const creator = dataSet[`${tag.slice(0, 4)}00${tag.slice(4, 6)}`]?.Value?.[0];
  return { name: typeof creator === "string" ? creator : "", known: false };
}

function valueText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "object") {
    const groups = value as Record<string, unknown>; // a person's name (PS3.18 F.2.2)
    return ["Alphabetic", "Ideographic", "Phonetic"].map((name) => groups[name] ?? "").join("=").replace(/=+$/, "");
  }
  return String(value);
}

function inlineBytes(base64: string): number {
  return Math.floor((base64.replace(/=+$/, "").length * 3) / 4);
}

/** A value that is elsewhere, at our own address whatever host the server calls itself by. */
function ownAddress(uri: string): string | null {
  try {
    const url = new URL(uri, "http://localhost");
    return url.pathname;
  } catch {
    return null;
  }
}

interface Walk {
  names: Names;
  toggled: ReadonlySet<string>;
  wanted: string; // in lower case; "" for everything
  rows: AttributeRow[];
}

/** The rows that are seen: sequences are folded and items unfolded, unless toggled; a search unfolds what it finds. */
export function attributeRows(dataSet: DataSet, names: Names, toggled: ReadonlySet<string>, search: string): AttributeRow[] {
  const walk: Walk = { names, toggled, wanted: search.trim().toLowerCase(), rows: [] };
  addDataSet(walk, dataSet, null, "", 0);
  return walk.rows;
}

function addDataSet(walk: Walk, dataSet: DataSet, parent: string | null, before: string, depth: number): boolean {
  let found = false;
  for (const tag of Object.keys(dataSet).sort()) {
    const element = dataSet[tag];
    if (element && depth <= MAX_DEPTH) found = addElement(walk, dataSet, tag, element, { parent, before, depth }) || found;
  }
  return found;
}

interface Place {
  parent: string | null;
  before: string;
  depth: number;
}

function addElement(walk: Walk, dataSet: DataSet, tag: string, element: Element, { parent, before, depth }: Place): boolean {
  const isSequence = element.vr === "SQ";
  const values = element.Value ?? [];
  const id = parent === null ? tag : `${parent}/${tag}`;
  const row: AttributeRow = {
    id,
    parent,
    depth,
    path: before + shownTag(tag),
    tag: shownTag(tag),
    ...nameOf(tag, dataSet, walk.names),
    vr: element.vr,
    text: isSequence ? "" : values.map(valueText).join("\\"),
    items: isSequence ? values.length : null,
    bytes: element.InlineBinary === undefined ? null : inlineBytes(element.InlineBinary),
    address: element.BulkDataURI === undefined ? null : ownAddress(element.BulkDataURI),
    open: isSequence && values.length > 0 ? walk.toggled.has(id) : null,
  };
  const at = walk.rows.push(row) - 1;
  const matches = walk.wanted === "" || isFound(row, tag, walk.wanted);
  const inside = row.open === null ? false : addItems(walk, row, values as DataSet[]);
  if (matches || inside) return true;
  walk.rows.length = at;
  return false;
}

function addItems(walk: Walk, sequence: AttributeRow, items: DataSet[]): boolean {
  const searching = walk.wanted !== "";
  if (!sequence.open && !searching) return false;
  let found = false;
  items.forEach((item, index) => {
    const id = `${sequence.id}/${index}`;
    const row: AttributeRow = {
      id,
      parent: sequence.id,
      depth: sequence.depth + 1,
      path: `${sequence.path}[${index}]`,
      tag: "",
      name: "",
      known: true,
      vr: "",
      text: "",
      items: index + 1, // its number
      bytes: null,
      address: null,
      open: !walk.toggled.has(id),
    };
    const at = walk.rows.push(row) - 1;
    if (!row.open && !searching) return;
    const inside = addDataSet(walk, item ?? {}, id, `${row.path}.`, row.depth + 1);
    found = found || inside;
    if (searching && !inside) walk.rows.length = at;
    else row.open = true;
  });
  if (searching && found) sequence.open = true;
  return found;
}

function isFound(row: AttributeRow, tag: string, wanted: string): boolean {
  return [row.tag, tag, row.name, row.text].some((text) => text.toLowerCase().includes(wanted));
}
