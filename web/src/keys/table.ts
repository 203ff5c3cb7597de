// The keys of the application, as the help shows them.
import type en from "../i18n/en.json";

export interface KeyRow {
  keys: readonly string[];
  act: `keys.${keyof typeof en.keys}`;
  right?: "delete" | "store"; // without it the key does nothing
}

export const KEY_TABLE: readonly KeyRow[] = [
  { keys: ["Ctrl K", "/"], act: "keys.search" },
  { keys: ["↓", "↑"], act: "keys.move" },
  { keys: ["PgDn", "PgUp"], act: "keys.page" },
  { keys: ["Home", "End"], act: "keys.ends" },
  { keys: ["Enter"], act: "keys.open" },
  { keys: ["Space"], act: "keys.preview" },
  { keys: ["H"], act: "keys.patient" },
  { keys: ["X", "C"], act: "keys.compare" },
  { keys: ["N", "P"], act: "keys.next" },
  { keys: ["D"], act: "keys.download" },
  { keys: ["U"], act: "keys.upload", right: "store" },
  { keys: ["Del"], act: "keys.delete", right: "delete" },
  { keys: ["Ctrl Z"], act: "keys.undo", right: "delete" },
  { keys: ["Esc"], act: "keys.back" },
  { keys: ["?"], act: "keys.help" },
];
