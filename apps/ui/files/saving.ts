/** A file that a page gives to the person. */
export interface ExportedFile {
  /** With its folders, such as `adapter-1/adapter_config.json`. */
  readonly name: string;
  readonly blob: Blob;
}

/** The part of the File System Access API that TypeScript's DOM library lacks. */
declare global {
  interface Window {
    showDirectoryPicker?: (options: { mode: 'readwrite' }) => Promise<FileSystemDirectoryHandle>;
  }
}

/** True where the browser lets a page write to a folder that a person chooses. */
export const canSaveFolders = () => window.showDirectoryPicker !== undefined;

/**
 * Asks for a folder and writes files to it, with the folders in their names; files of the same names are replaced, about which the
 * browser asks. Resolves to their number, or to null if the person chose none.
 */
export async function saveFolder(files: readonly ExportedFile[]): Promise<number | null> {
  let root: FileSystemDirectoryHandle | undefined;
  try {
    root = await window.showDirectoryPicker?.({ mode: 'readwrite' });
  } catch (error) {
    if (!(error instanceof DOMException && error.name === 'AbortError')) throw error;
  }
  if (root === undefined) return null;
  for (const { name, blob } of files) {
    const parts = name.split('/');
    let folder = root;
    for (const part of parts.slice(0, -1)) folder = await folder.getDirectoryHandle(part, { create: true });
    const file = await folder.getFileHandle(parts.at(-1) ?? name, { create: true });
    await blob.stream().pipeTo(await file.createWritable());
  }
  return files.length;
}

/**
 * An address from which a browser saves the bytes under the name that the link gives: of a type that it knows, a browser could add
 * an ending to the name.
 */
export function addressOf(blob: Blob): string {
  return URL.createObjectURL(blob.slice(0, blob.size, 'application/octet-stream'));
}

/** Saves a file in the folder of the browser's downloads. */
export function saveFile({ name, blob }: ExportedFile): void {
  const link = document.createElement('a');
  link.href = addressOf(blob);
  link.download = name;
  link.click();
  // A browser may read the address after `click` returns.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
