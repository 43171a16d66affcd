import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { probeOf, type Tolerance } from '../../../../../apps/cli/run/guard/probe.ts';
import { type ProbeRequest, probeLoss } from '../../../../../apps/cli/run/guard/probe-loss.ts';
import { newRun } from '../../../../../apps/cli/run/new-run.ts';
import { askThread } from '../../../../../apps/cli/run/thread.ts';
import { byteTokenizer } from '../../../../../client/data/tokenizer.ts';
import { initialParameters, layoutOf } from '../../../../../client/model/parameters.ts';
import { referenceForward } from '../../../../../client/model/reference/model.ts';
import { manifestBytesOf, parseManifest } from '../../../../../relay/run/manifest.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';
import { built } from '../../../../system/built.ts';

const config = {
  vocabularySize: 260,
  layers: 1,
  dimension: 8,
  heads: 2,
  keyValueHeads: 1,
  feedForward: 16,
  contextLength: 5,
  ropeTheta: 10_000,
  normEpsilon: 1e-5,
  tiedHead: true,
};
const layout = layoutOf(config);
// Larger than usual, so that tokens differ in their loss.
const parameters = () => initialParameters(config, layout, 3).map((value) => value * 20);
const request = (...tokens: number[]): ProbeRequest & { parameters: Float32Array<ArrayBuffer> } => ({
  config,
  parameters: parameters(),
  tokens: Uint32Array.from(tokens),
});

/** The loss of a window's tokens after the first, in float64. */
function referenceLosses(...window: number[]): number[] {
  const inputs = Uint32Array.from(window.slice(0, -1));
  const shape = { batch: 1, sequence: inputs.length };
  const logits = referenceForward(config, layout, Float64Array.from(parameters()), inputs, shape);
  return window.slice(1).map((token, row) => {
    const own = logits.subarray(row * 260, row * 260 + 260);
    return Math.log(own.reduce((sum, logit) => sum + Math.exp(logit), 0)) - (own[token] ?? 0);
  });
}

test('the loss of a base is that of the reference model, window after window', async () => {
  // The context holds 5 tokens: the second window begins with the token that the first one predicted last.
  const expected = [...referenceLosses(7, 100, 3, 250, 9, 41), ...referenceLosses(41, 8, 15)];
  const mean = expected.reduce((sum, loss) => sum + loss, 0) / expected.length;
  expect(await probeLoss(request(7, 100, 3, 250, 9, 41, 8, 15))).toBeCloseTo(mean, 4);
});

test('a thread measures the same', async () => {
  const program = join(dirname((await built()).tapestry), 'probe-worker.js');
  const wanted = request(1, 2, 3);
  expect(await askThread(program, wanted)).toBe(await probeLoss(request(1, 2, 3)));
});

test('a run has a guard with text of its corpora, of a file, or none', async () => {
  const choices = {
    ...({ name: 'guarded', preset: 'nano', rounds: 9, steps: 1, batch: 1, seed: 1, created: 0 } as const),
    ...({ quorum: 1, deadlineMs: 1, graceMs: 0, readers: 'anyone' } as const),
  };
  const guardOf = async (
    flags: Parameters<typeof probeOf>[0],
    usual: Tolerance = { maxIncrease: 0.25, rounds: 3 },
  ) => {
    const probe = await probeOf(flags, usual, byteTokenizer, ['Romance', 'Germanic']);
    const created = newRun({ ...choices, ...probe, corpora: [] });
    const keys = { relayKey: new Uint8Array(32), initialBase: new Uint8Array(32) };
    return parseManifest(manifestBytesOf(created.manifest, keys)).manifest.guard;
  };
  expect(await guardOf({ guard: 'off' })).toMatchObject({ case: 'unguarded' });
  expect(await guardOf({})).toMatchObject({
    case: 'probe',
    value: { byteLength: 257 * 4, maxIncrease: 0.25, rounds: 3 },
  });
  const file = `${temporaryFolder()}/probe.txt`;
  writeFileSync(file, 'x'.repeat(100));
  // Four pieces of at most 65 tokens.
  expect(await guardOf({ probe: file, guard: 2 })).toMatchObject({
    value: { byteLength: 257 * 4, maxIncrease: 2, rounds: 3 },
  });
  // All rounds of the run.
  expect(await guardOf({}, { maxIncrease: 1 })).toMatchObject({ value: { maxIncrease: 1, rounds: 9 } });
  await expect(guardOf({ probe: `${file}.absent` })).rejects.toMatchObject({ code: 'usage.probe' });
});
