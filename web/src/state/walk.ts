// The order in which studies were listed, so that the study page can go to the next and the one before.

let listed: readonly string[] = [];

export function rememberWalk(uids: readonly string[]): void {
  listed = uids;
}

/** The neighbour of a study in the list it was opened from, or null at the ends. */
export function neighbour(uid: string, step: 1 | -1): string | null {
  const at = listed.indexOf(uid);
  return at < 0 ? null : (listed[at + step] ?? null);
}
