import { expect, test } from 'vitest';
import { storedFigures } from '../../bench/sovereign/stage.ts';

test('a stored result is read with the time that it took, and not made again', async () => {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const base = {
    weights: Float32Array.of(1, 2),
    hash: 'verses',
    files: {
      read: async (name: string) => files.get(name) ?? null,
      write: async (name: string, bytes: Uint8Array<ArrayBuffer>) => {
        files.set(name, bytes);
      },
      remove: async (name: string) => void files.delete(name),
    },
  };
  let made = 0;
  const figures = (recipe: object) =>
    storedFigures(base, 'prefer', 1, recipe, async () => ({ made: ++made, loss: { old: 1.5 } }));
  const first = await figures({ steps: 3 });
  expect(first.seconds.wall).toBeGreaterThan(0);
  expect(await figures({ steps: 3 })).toEqual(first);
  expect((await figures({ steps: 4 })).figures).toEqual({ made: 2, loss: { old: 1.5 } });
});
