/** A file that a person chose or dropped. */
export interface ChosenFile {
  /** With its folders, such as `model/config.json`. */
  readonly path: string;
  readonly file: File;
}

/** The files of a file chooser, with their folders where a folder was chosen. */
export function chosenIn(input: HTMLInputElement): ChosenFile[] {
  return [...(input.files ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

/** The files that were dropped, those in folders included. */
export async function droppedIn(transfer: DataTransfer): Promise<ChosenFile[]> {
  // The list is emptied once the event is over, so that all entries are taken before anything is awaited.
  const dropped = [...transfer.items].map((item) => {
    const entry = item.webkitGetAsEntry();
    const file = item.getAsFile();
    if (entry !== null) return filesOf(entry, '');
    return file === null ? [] : [{ path: file.name, file }];
  });
  return (await Promise.all(dropped)).flat();
}

async function filesOf(entry: FileSystemEntry, folder: string): Promise<ChosenFile[]> {
  const path = folder + entry.name;
  if (entry instanceof FileSystemFileEntry) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    return [{ path, file }];
  }
  if (!(entry instanceof FileSystemDirectoryEntry)) return [];
  const inner = await entriesOf(entry.createReader());
  return (await Promise.all(inner.map((each) => filesOf(each, `${path}/`)))).flat();
}

/** All entries of a folder, which a browser gives in parts of a hundred. */
async function entriesOf(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  const found: FileSystemEntry[] = [];
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (part.length === 0) return found;
    found.push(...part);
  }
}
