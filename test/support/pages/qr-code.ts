/**
 * Reads a QR code from its modules, independently of the library that draws it: versions 1 to 10, error correction M, one segment of
 * bytes. It corrects no errors, since a page draws none.
 */

/** Of error correction M, for each version from 1: the codewords for correction in a block, and the blocks. */
const correction = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26] as const;
const blockCounts = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5] as const;
const alignments = [[], [18], [22], [26], [30], [34], [22, 38], [24, 42], [26, 46], [28, 50]] as const;

/** Which modules each mask inverts. */
const masks: readonly ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

/** The modules of the path that the pages draw, `Mx yh1v1h-1z` for each dark one, without the quiet zone. */
export function modulesOfPath(path: string): boolean[][] {
  const dark = [...path.matchAll(/M(\d+) (\d+)h1v1h-1z/g)].map(([, x, y]) => [Number(x), Number(y)] as const);
  const quiet = Math.min(...dark.map(([x]) => x));
  const size = Math.max(...dark.map(([x]) => x)) - quiet + 1;
  const modules = Array.from({ length: size }, () => new Array<boolean>(size).fill(false));
  for (const [x, y] of dark) {
    const row = modules[y - quiet];
    if (row !== undefined) row[x - quiet] = true;
  }
  return modules;
}

/** The text of a QR code. Throws for a code that it cannot read. */
export function textOfCode(modules: readonly (readonly boolean[])[]): string {
  const size = modules.length;
  const version = (size - 17) / 4;
  const isDark = (x: number, y: number) => modules[y]?.[x] === true;
  const format = [0, 1, 2, 3, 4].reduce((bits, x) => (bits << 1) | Number(isDark(x, 8)), 0) ^ 0b10101;
  const mask = masks[format & 7];
  const [ofBlock, count] = [correction[version - 1], blockCounts[version - 1]];
  if (format >> 3 !== 0 || mask === undefined || ofBlock === undefined || count === undefined)
    throw new Error(`cannot read a code of version ${version} and format ${format}`);
  const codewords = bytesOf(placesOf(size, version).map(([x, y]) => isDark(x, y) !== mask(x, y)));
  return textOfData(dataOf(codewords, ofBlock, count), version);
}

/** The places of the data's bits, in their order: pairs of columns from the right, up and down in turn. */
function placesOf(size: number, version: number): (readonly [x: number, y: number])[] {
  const centres = [6, ...(alignments[version - 1] ?? [])];
  const last = centres.at(-1) ?? 6;
  const isFunction = (x: number, y: number) =>
    (x < 9 && y < 9) ||
    (x < 9 && y >= size - 8) ||
    (x >= size - 8 && y < 9) ||
    x === 6 ||
    y === 6 ||
    (version >= 7 && ((x >= size - 11 && y < 6) || (y >= size - 11 && x < 6))) ||
    centres.some((cx) =>
      centres.some((cy) => {
        const isFinder = (cx === 6 && (cy === 6 || cy === last)) || (cx === last && cy === 6);
        return !isFinder && Math.abs(x - cx) <= 2 && Math.abs(y - cy) <= 2;
      }),
    );
  const rights = Array.from(
    { length: (size - 1) / 2 },
    (_, i) => size - 1 - 2 * i - (size - 1 - 2 * i <= 6 ? 1 : 0),
  );
  const rows = Array.from({ length: size }, (_, y) => y);
  return rights.flatMap((right, at) =>
    (at % 2 === 0 ? rows.toReversed() : rows)
      .flatMap((y) => [[right, y] as const, [right - 1, y] as const])
      .filter(([x, y]) => !isFunction(x, y)),
  );
}

function bytesOf(bits: readonly boolean[]): number[] {
  return Array.from({ length: Math.floor(bits.length / 8) }, (_, i) =>
    bits.slice(8 * i, 8 * i + 8).reduce((byte, bit) => (byte << 1) | Number(bit), 0),
  );
}

/** The data of blocks whose codewords are interleaved; the later blocks may have one codeword more. */
function dataOf(codewords: readonly number[], ofBlock: number, count: number): number[] {
  const data = codewords.length - ofBlock * count;
  const short = Math.floor(data / count);
  const longer = data % count;
  return Array.from({ length: count }, (_, block) => {
    const own = Array.from({ length: short }, (_, i) => codewords[i * count + block] ?? 0);
    const more = block - (count - longer);
    return more >= 0 ? [...own, codewords[short * count + more] ?? 0] : own;
  }).flat();
}

function textOfData(data: readonly number[], version: number): string {
  const bits = data.flatMap((byte) => [7, 6, 5, 4, 3, 2, 1, 0].map((at) => (byte >> at) & 1));
  const number = (from: number, length: number) =>
    bits.slice(from, from + length).reduce((value, bit) => 2 * value + bit, 0);
  if (number(0, 4) !== 0b0100) throw new Error('the code is not of bytes');
  const lengthBits = version < 10 ? 8 : 16;
  const bytes = Array.from({ length: number(4, lengthBits) }, (_, i) => number(4 + lengthBits + 8 * i, 8));
  return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes));
}
