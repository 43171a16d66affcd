import type { Random } from '../../client/random.ts';
import type { FileEnd, FileSystem } from '../../relay/storage/files.ts';

/** The simulated process died here; its pending operations never complete. */
export class Crash extends Error {}

/** An error of the disk in the form of Node's errors. */
class DiskRefusal extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

interface Inode {
  bytes: Uint8Array<ArrayBuffer>;
  /** The part that certainly survives a power loss. */
  synced: Uint8Array<ArrayBuffer>;
  modified: number;
}

/**
 * A disk in memory that guarantees no more than POSIX. Bytes are durable after `syncFile`, names after `syncFolder`; a crash
 * keeps, drops or tears later changes, as the seed decides. On a planned operation it crashes or fails.
 */
export class FaultyFiles implements FileSystem {
  readonly #random: Random;
  readonly #now: () => number;
  #names = new Map<string, Inode>();
  #lastingNames = new Map<string, Inode>();
  #folders = new Set<string>();
  #lastingFolders = new Set<string>();
  #operations = 0;
  #crashAt = Number.POSITIVE_INFINITY;
  #refuseAt = Number.POSITIVE_INFINITY;
  #refusals = 0;
  #dead = false;

  /** `now` gives the times of writes, in milliseconds since 1970. */
  constructor(random: Random, now: () => number = () => 0) {
    this.#random = random;
    this.#now = now;
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** The process dies at the `operations`th operation from now. */
  crashAfter(operations: number): void {
    this.#crashAt = this.#operations + operations;
  }

  /** From the `operations`th operation from now, `times` writing operations fail with ENOSPC or EIO. */
  refuseAfter(operations: number, times: number): void {
    this.#refuseAt = this.#operations + operations;
    this.#refusals = times;
  }

  /** The disk that the next process finds after a power loss. */
  afterPowerLoss(): FaultyFiles {
    const next = new FaultyFiles(this.#random, this.#now);
    for (const folder of [...this.#folders].sort()) {
      const inside = parentOf(folder) === '' || next.#folders.has(parentOf(folder));
      if (inside && (this.#lastingFolders.has(folder) || this.#random.below(2) === 0))
        next.#folders.add(folder);
    }
    next.#lastingFolders = new Set(next.#folders);
    for (const path of new Set([...this.#names.keys(), ...this.#lastingNames.keys()])) {
      if (!next.#folders.has(parentOf(path))) continue;
      const renamed = this.#names.get(path);
      const lasting = this.#lastingNames.get(path);
      const inode = renamed === lasting || this.#random.below(2) === 0 ? renamed : lasting;
      if (inode === undefined) continue;
      const bytes = this.#torn(inode);
      const left = { bytes, synced: bytes, modified: inode.modified };
      next.#names.set(path, left);
      next.#lastingNames.set(path, left);
    }
    return next;
  }

  #torn({ bytes, synced }: Inode): Uint8Array<ArrayBuffer> {
    switch (this.#random.below(3)) {
      case 0:
        return synced;
      case 1:
        return bytes;
      default: {
        // A random length between, and some of the unsynced bytes are lost.
        const length = synced.length + this.#random.below(Math.max(1, bytes.length - synced.length + 1));
        const torn = bytes.slice(0, length);
        for (let i = 0; i < torn.length; i++) {
          if (torn[i] !== synced[i] && this.#random.below(4) === 0) torn[i] = synced[i] ?? 0;
        }
        return torn;
      }
    }
  }

  /** Counts one operation of the process, on this disk or elsewhere. */
  operation(writes: boolean): void {
    this.#alive();
    this.#operations++;
    if (this.#operations >= this.#crashAt) {
      this.#dead = true;
      throw new Crash();
    }
    if (writes && this.#refusals > 0 && this.#operations >= this.#refuseAt) {
      this.#refusals--;
      throw new DiskRefusal(this.#random.below(2) === 0 ? 'ENOSPC' : 'EIO');
    }
  }

  #alive(): void {
    if (this.#dead) throw new Crash();
  }

  #emptyInode(): Inode {
    return { bytes: new Uint8Array(0), synced: new Uint8Array(0), modified: this.#now() };
  }

  #inode(path: string): Inode {
    const inode = this.#names.get(path);
    if (inode === undefined) throw new DiskRefusal('ENOENT');
    return inode;
  }

  async makeFolder(path: string): Promise<void> {
    this.operation(true);
    for (let folder = path; folder !== ''; folder = parentOf(folder)) this.#folders.add(folder);
  }

  async list(path: string): Promise<string[]> {
    this.operation(false);
    const inside = [...this.#folders, ...this.#names.keys()].filter((name) => name.startsWith(`${path}/`));
    return [...new Set(inside.map((name) => name.slice(path.length + 1).split('/')[0] ?? ''))].sort();
  }

  async read(path: string): Promise<Uint8Array<ArrayBuffer> | null> {
    this.operation(false);
    return this.#names.get(path)?.bytes.slice() ?? null;
  }

  async readPart(path: string, start: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    this.operation(false);
    return this.#inode(path).bytes.slice(start, start + length);
  }

  async stat(path: string): Promise<{ size: number; modified: number } | null> {
    this.operation(false);
    const inode = this.#names.get(path);
    return inode === undefined ? null : { size: inode.bytes.length, modified: inode.modified };
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    this.#alive();
    const inode = this.#emptyInode();
    this.#names.set(path, inode);
    this.#partly(inode, bytes);
    this.operation(true);
    inode.bytes = new Uint8Array(bytes);
  }

  async openEnd(path: string): Promise<FileEnd> {
    this.#alive();
    return {
      append: async (...parts) =>
        this.#append(
          path,
          parts.flatMap((part) => [...part]),
        ),
      close: async () => {},
    };
  }

  #append(path: string, bytes: readonly number[]): void {
    this.#alive();
    const inode = this.#names.get(path) ?? this.#emptyInode();
    this.#names.set(path, inode);
    const before = inode.bytes;
    this.#partly(inode, Uint8Array.from(bytes));
    this.operation(true);
    inode.bytes = new Uint8Array([...before, ...bytes]);
  }

  /** A write that fails or that a crash cuts off has often written something. */
  #partly(inode: Inode, bytes: Uint8Array): void {
    const part = bytes.subarray(0, this.#random.below(bytes.length + 1));
    inode.bytes = new Uint8Array([...inode.bytes, ...part]);
  }

  async truncate(path: string, length: number): Promise<void> {
    this.operation(true);
    const inode = this.#inode(path);
    inode.bytes = inode.bytes.slice(0, length);
  }

  async rename(from: string, to: string): Promise<void> {
    this.operation(true);
    this.#names.set(to, this.#inode(from));
    this.#names.delete(from);
  }

  async remove(path: string): Promise<void> {
    this.operation(true);
    this.#names.delete(path);
  }

  async syncFile(path: string): Promise<void> {
    this.operation(true);
    const inode = this.#inode(path);
    inode.synced = inode.bytes;
  }

  async syncFolder(path: string): Promise<void> {
    this.operation(true);
    const here = (name: string) => parentOf(name) === (path === '/' ? '' : path);
    for (const folder of this.#folders) if (here(folder)) this.#lastingFolders.add(folder);
    for (const name of [...this.#lastingNames.keys()].filter(here)) this.#lastingNames.delete(name);
    for (const [name, inode] of this.#names) if (here(name)) this.#lastingNames.set(name, inode);
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}
