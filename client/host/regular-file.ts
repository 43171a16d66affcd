import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** The reason why a file was not read. `cause` is the operating system's error, if there is one. */
export class NotRead extends Error {
  readonly reason: 'missing' | 'not-a-file' | 'too-large' | 'unreadable';

  constructor(reason: NotRead['reason'], cause?: unknown) {
    super(reason, { cause });
    this.reason = reason;
  }
}

/** What is said of a file, behind its name, that was not read with a limit of `most` bytes. */
export function whyNotRead({ reason }: NotRead, most: number): string {
  return {
    missing: 'is not there',
    'not-a-file': 'is no regular file',
    'too-large': `has more than ${most} bytes`,
    unreadable: 'cannot be read',
  }[reason];
}

/**
 * Reads a regular file of at most `most` bytes. Folders, pipes, sockets and devices are refused and never block.
 * @throws NotRead
 */
export async function readRegularFile(path: string, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const file = await openRegularFile(path, most);
  try {
    return await file.read(0, file.size);
  } finally {
    await file.close();
  }
}

/** An open file that is read by ranges. */
export interface OpenFile {
  readonly size: number;
  /** Reads exactly `length` bytes from `offset` on. Rejects with NotRead `unreadable` if the file ends before. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

/**
 * Opens a regular file of at most `most` bytes. Folders, pipes, sockets and devices are refused and never block.
 * @throws NotRead
 */
export async function openRegularFile(path: string, most: number): Promise<OpenFile> {
  const file = await opened(path);
  try {
    const about = await file.stat();
    if (!about.isFile()) throw new NotRead('not-a-file');
    if (about.size > most) throw new NotRead('too-large');
    return {
      size: about.size,
      read: (offset, length) => readRange(file, offset, length),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error instanceof NotRead ? error : new NotRead('unreadable', error);
  }
}

async function opened(path: string): Promise<FileHandle> {
  try {
    // Opening a pipe without O_NONBLOCK waits for its writer. The flag has no effect on a regular file.
    return await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    // ENOTDIR: the path leads through a file.
    const missing =
      error instanceof Error && 'code' in error && /^(ENOENT|ENOTDIR)$/.test(String(error.code));
    throw new NotRead(missing ? 'missing' : 'unreadable', error);
  }
}

async function readRange(file: FileHandle, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const wanted = Math.min(length - filled, 2 ** 30);
    const { bytesRead } = await file.read(bytes, filled, wanted, offset + filled).catch((error: unknown) => {
      throw new NotRead('unreadable', error);
    });
    if (bytesRead === 0) throw new NotRead('unreadable', new Error('the file has become shorter'));
    filled += bytesRead;
  }
  return bytes;
}
