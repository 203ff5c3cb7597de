// Files from a drop or a file dialog, folders walked to their ends.

export interface Picked {
  file: File;
  path: string;
}

const CLUTTER = /(^|\/)(\.DS_Store|Thumbs\.db|desktop\.ini|__MACOSX\/.*)$/; // left by file managers, nobody's picture

async function walk(entry: FileSystemEntry, found: Picked[]): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    found.push({ file, path: entry.fullPath.replace(/^\//, "") });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // a reader gives at most 100 entries at once
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return;
    for (const child of some) await walk(child, found);
  }
}

export async function fromDrop(transfer: DataTransfer): Promise<Picked[]> {
  // entries must be taken before the first await: the list is emptied when the event has passed
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const found: Picked[] = [];
  if (entries.length === 0) found.push(...[...transfer.files].map((file) => ({ file, path: file.name })));
  for (const entry of entries) await walk(entry, found);
  return found.filter(({ path }) => !CLUTTER.test(path));
}

export function fromInput(files: FileList): Picked[] {
  return [...files]
    .map((file) => ({ file, path: file.webkitRelativePath || file.name }))
    .filter(({ path }) => !CLUTTER.test(path));
}
