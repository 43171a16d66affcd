import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Random } from '../../client/random.ts';
import { isPartialName, PartialStore, readRecords } from '../../relay/partial.ts';
import { FaultyFiles } from '../simulation/faulty-files.ts';

const key = 'a'.repeat(64);
const payload = 'b'.repeat(64);
const path = `/run/partial/${key}-${payload}`;

async function held(...chunks: number[][]): Promise<{ files: FaultyFiles; partials: PartialStore }> {
  const files = new FaultyFiles(Random.seeded(1));
  const partials = new PartialStore(files, '/run');
  for (const chunk of chunks) await partials.append(key, payload, Uint8Array.from(chunk));
  return { files, partials };
}

test('an upload is what was appended, in order', async () => {
  const { partials } = await held([1, 2, 3], [4], [5, 6]);
  expect(await partials.resume(key, payload, 10)).toBe(6);
  expect([...(await partials.read(key, payload))]).toEqual([1, 2, 3, 4, 5, 6]);
  expect(await partials.resume(key, 'c'.repeat(64), 10)).toBe(0);
  expect(await partials.count()).toBe(0);
});

test('a record that a crash tore anywhere is cut away, and the upload goes on before it', async () => {
  const { files } = await held([1, 2, 3], [4, 5]);
  const whole = await files.read(path);
  for (let length = 0; length <= (whole?.length ?? 0); length++) {
    const { files: torn, partials } = await held();
    await torn.write(path, whole?.subarray(0, length) ?? new Uint8Array(0));
    const offset = await partials.resume(key, payload, 10);
    expect(offset).toBe(length < 43 ? 0 : length < 85 ? 3 : 5);
    await partials.append(key, payload, Uint8Array.of(9));
    expect([...(await partials.read(key, payload))]).toEqual([...[1, 2, 3, 4, 5].slice(0, offset), 9]);
  }
});

test('of a whole upload the last chunk is asked for again', async () => {
  const { partials } = await held([1, 2, 3], [4, 5]);
  expect(await partials.resume(key, payload, 5)).toBe(3);
  expect([...(await partials.read(key, payload))]).toEqual([1, 2, 3]);
});

test('a byte changed in any record is damage, and none of it is read', async () => {
  const { files } = await held([1, 2, 3], [4, 5]);
  const whole = await files.read(path);
  if (whole === null) throw new Error('nothing held');
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      const changed = whole.slice();
      changed[at] = (changed[at] ?? 0) ^ mask;
      const { records, damaged } = readRecords(changed);
      expect(damaged).toBe(true);
      expect(records).toHaveLength(at < 43 ? 0 : 1);
    }),
  );
});

test('only uploads are named as uploads', () => {
  expect(isPartialName(`${key}-${payload}`)).toBe(true);
  for (const name of ['', key, `${key}-`, `${key}-${payload}-x`, `${key}-${payload.toUpperCase()}`]) {
    expect(isPartialName(name)).toBe(false);
  }
});
