// The keys of the application, as the help shows them.
import type en from "../i18n/en.json";

export interface KeyRow {
  keys: readonly string[];
  act: `keys.${Exclude<keyof typeof en.keys, "read">}` | `keys.read.${keyof typeof en.keys.read}`;
  right?: "delete" | "store"; // without it the key does nothing
}

export const KEY_TABLE: readonly KeyRow[] = [
  { keys: ["Ctrl K", "/"], act: "keys.search" },
  { keys: ["↓", "↑"], act: "keys.move" },
  { keys: ["PgDn", "PgUp"], act: "keys.page" },
  { keys: ["Home", "End"], act: "keys.ends" },
  { keys: ["Enter"], act: "keys.open" },
  { keys: ["O"], act: "keys.study" },
  { keys: ["Space"], act: "keys.preview" },
  { keys: ["H"], act: "keys.patient" },
  { keys: ["X", "C"], act: "keys.compare" },
  { keys: ["."], act: "keys.fresh" },
  { keys: ["C"], act: "keys.columns" },
  { keys: ["V"], act: "keys.views" },
  { keys: ["N", "P"], act: "keys.next" },
  { keys: ["D"], act: "keys.download" },
  { keys: ["U"], act: "keys.upload", right: "store" },
  { keys: ["Del"], act: "keys.delete", right: "delete" },
  { keys: ["Ctrl Z"], act: "keys.undo", right: "delete" },
  { keys: ["Esc"], act: "keys.back" },
  { keys: ["?"], act: "keys.help" },
];

/** The keys of the viewer. */
export const READ_KEY_TABLE: readonly KeyRow[] = [
  { keys: ["↓", "↑"], act: "keys.read.image" },
  { keys: ["Home", "End"], act: "keys.read.ends" },
  { keys: ["PgDn", "PgUp"], act: "keys.read.series" },
  { keys: ["→", "←"], act: "keys.read.viewport" },
  { keys: ["G"], act: "keys.read.large" },
  { keys: ["W", "Z", "P", "S"], act: "keys.read.tools" },
  { keys: ["1", "9", "0"], act: "keys.read.preset" },
  { keys: ["I"], act: "keys.read.invert" },
  { keys: ["R"], act: "keys.read.rotate" },
  { keys: ["H", "V"], act: "keys.read.flip" },
  { keys: ["+", "−"], act: "keys.read.zoom" },
  { keys: ["="], act: "keys.read.fit" },
  { keys: ["Space"], act: "keys.read.reset" },
  { keys: ["C"], act: "keys.read.cine" },
  { keys: ["Y"], act: "keys.read.link" },
  { keys: ["N"], act: "keys.read.study" },
  { keys: ["Esc"], act: "keys.back" },
  { keys: ["?"], act: "keys.help" },
];
