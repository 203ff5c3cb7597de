// The keys of the application, as the help shows them.

export const KEY_TABLE = [
  { keys: ["Ctrl K", "/"], act: "keys.search" },
  { keys: ["↓", "↑"], act: "keys.move" },
  { keys: ["PgDn", "PgUp"], act: "keys.page" },
  { keys: ["Home", "End"], act: "keys.ends" },
  { keys: ["Enter"], act: "keys.open" },
  { keys: ["Space"], act: "keys.preview" },
  { keys: ["N", "P"], act: "keys.next" },
  { keys: ["D"], act: "keys.download" },
  { keys: ["U"], act: "keys.upload" },
  { keys: ["Esc"], act: "keys.back" },
  { keys: ["?"], act: "keys.help" },
] as const;
