import fc from 'fast-check';
import { expect, test } from 'vitest';
import { manifestBytesOf, parseManifest } from '../../../relay/run/manifest.ts';
import { Run } from '../../../relay/run/run.ts';
import { hasPlausibleLosses, isPlausibleProgress, maxReportedLoss } from '../../../relay/wire/reported.ts';
import {
  drawnPayload,
  offerFor,
  settled,
  TestClock,
  testNodes,
  tinyRun,
} from '../../support/relay/run-support.ts';
import { seed } from '../../support/seed.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const keys = { relayKey: new Uint8Array(32), initialBase: new Uint8Array(32) };
const { manifest } = parseManifest(manifestBytesOf(tinyRun().manifest, keys));
const { localSteps, batch, sequence } = manifest.strategy;
const most = maxReportedLoss(manifest.model.vocabularySize);

/** Any float32: signed zeros, subnormals, infinities and NaN too. */
const anyFloat = fc.oneof(
  fc.float(),
  fc.constantFrom(-0, 0, 2 ** -149, -(2 ** -149), NaN, Infinity, -Infinity, Math.fround(1e38), -1, -999),
  fc.double({ min: most - 1, max: most + 1, noNaN: true }).map(Math.fround),
);
const anyCount = fc.oneof(fc.nat(2 * localSteps), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
const plausible = (loss: number) => loss >= 0 && loss <= most;

test('progress is shown only if a node of the run can have made it', () => {
  fc.assert(
    fc.property(
      anyCount,
      anyCount,
      anyFloat,
      anyFloat,
      fc.boolean(),
      (steps, others, loss, rate, isExact) => {
        const tokens = isExact ? steps * batch * sequence : others;
        const report = { steps, tokens, trainingLoss: loss, tokensPerSecond: rate };
        const isPossible =
          steps <= localSteps && tokens === steps * batch * sequence && plausible(loss) && rate >= 0;
        expect(isPlausibleProgress(report, manifest)).toBe(isPossible && rate < Infinity);
      },
    ),
    { seed, numRuns: 2000 },
  );
});

test('an offer is taken only with numbers that a node of the run can have measured', async () => {
  const run = await Run.open(temporaryFolder(), tinyRun(), new TestClock());
  const [node, other] = await testNodes(2);
  if (node === undefined || other === undefined) throw new Error('no nodes');
  for (const { key } of [node, other]) run.nodeJoined(key, 0);
  await settled(run);
  const payload = drawnPayload(100, 1);
  await fc.assert(
    fc.asyncProperty(
      anyFloat,
      anyFloat,
      anyCount,
      anyCount,
      fc.boolean(),
      async (a, b, steps, others, isExact) => {
        const tokens = isExact ? steps * batch * sequence : others;
        const facts = { trainingLoss: a, heldOutLoss: b, steps, tokens };
        const answer = await run.offer(node.key, await offerFor(run, node, payload, facts));
        const isPossible = steps >= 1 && steps <= localSteps && tokens === steps * batch * sequence;
        expect(hasPlausibleLosses(facts, manifest)).toBe(plausible(a) && plausible(b));
        expect('resume' in answer).toBe(isPossible && plausible(a) && plausible(b));
      },
    ),
    { seed, numRuns: 300 },
  );
  await run.close();
});
