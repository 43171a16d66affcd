import { expect, test } from 'vitest';
import { downlinkNames } from '../../../../apps/cli/run/choices/downlink-choices.ts';
import { mergeNames } from '../../../../apps/cli/run/choices/merge-choices.ts';
import { checkSameRun, decideRun } from '../../../../apps/cli/run/run-flags.ts';
import { differences } from '../../../../relay/run/manifest.ts';
import { downlinkCodecOf } from '../../../../relay/wire/manifest.ts';
import { flagsOf, manifestOf } from '../../../support/cli/flagged-run.ts';

const every = ['--optimizer', 'muon', '--schedule', 'wsd', '--precision', 'f16', '--recompute'];

test('without flags a run trains with AdamW, a cosine schedule and f32, in as few parts as fit the adapter', async () => {
  const { strategy, merge, model } = await manifestOf(flagsOf());
  const tensors = merge.case === 'robustMean' ? merge.value.tensors : [];
  expect(tensors.reduce((sum, size) => sum + size, 0)).toBe(model.parameters);
  expect(strategy).toMatchObject({
    inner: { case: 'adamw' },
    schedule: { case: 'cosine' },
    precision: { case: 'f32' },
    recompute: false,
    accumulation: 0,
  });
});

test('a run that chose the weighted mean is not taken for one with the robust mean', async () => {
  const manifest = await manifestOf(flagsOf('--merge', 'mean'));
  expect(manifest.merge.case).toBe('weightedMean');
  expect(() => checkSameRun(manifest, flagsOf('--merge', 'robust'), '')).toThrow('--merge robust');
  expect(() => checkSameRun(manifest, flagsOf('--merge', 'mean'), '')).not.toThrow();
});

test('each merge rule has a name, and a run that chose it is known by it', async () => {
  const found = new Set<string | undefined>();
  for (const name of mergeNames) {
    const manifest = await manifestOf(flagsOf('--merge', name));
    found.add(manifest.merge.case);
    expect(() => checkSameRun(manifest, flagsOf('--merge', name), '')).not.toThrow();
  }
  expect(found.size).toBe(mergeNames.length);
});

test('--quality and --evaluations are choices of the manifest', async () => {
  expect((await manifestOf(flagsOf())).quality.case).toBe('claimed');
  const manifest = await manifestOf(flagsOf('--quality', 'measured'));
  expect(manifest.quality).toMatchObject({ case: 'measured', value: { evaluations: 0 } });
  expect(() => checkSameRun(manifest, flagsOf('--quality', 'claimed'), '')).toThrow('--quality claimed');
  expect(() => checkSameRun(manifest, flagsOf('--evaluations', '4'), '')).toThrow('--evaluations 4');
});

test('--evaluators are keys of the manifest, of whom more than half decide', async () => {
  const keys = ['ab', 'cd', 'ef'].map((digits) => digits.repeat(32)).join();
  const flags = flagsOf('--quality', 'measured', '--evaluators', keys);
  const manifest = await manifestOf(flags, 'nano', { probe: { tokens: new Uint32Array(2), maxIncrease: 1 } });
  const value = { evaluations: 16, evaluatorQuorum: 2, evaluationMs: 60_000 };
  expect(manifest.quality).toMatchObject({ case: 'measured', value });
  expect(() => checkSameRun(manifest, flags, '')).not.toThrow();
  const others = ['--evaluators', 'ab'.repeat(32), '--evaluation-seconds', '5'];
  expect(() => checkSameRun(manifest, flagsOf(...others), '')).toThrow('--evaluation-seconds 5');
  const code = 'usage.evaluators';
  await expect(manifestOf(flagsOf('--evaluators', keys))).rejects.toMatchObject({ code });
  expect(() => flagsOf('--evaluators', `${keys},xyz`)).toThrow(expect.objectContaining({ code }));
});

test('a run has the share of the weight that was asked for', async () => {
  const manifest = await manifestOf(flagsOf('--weight-share', '40'));
  expect(manifest.limits.weightShare).toBe(40);
  expect(() => checkSameRun(manifest, flagsOf('--weight-share', '100'), '')).toThrow('--weight-share 100');
});

test('a trimmed mean of sparse deltas is refused', async () => {
  await expect(manifestOf(flagsOf('--merge', 'trimmed-mean', '--codec', 'sparse'))).rejects.toMatchObject({
    code: 'manifest.invalid',
  });
});

test('each flag sets a choice of the manifest', async () => {
  const { strategy } = await manifestOf(
    flagsOf(...every, '--accumulate', '2', '--rounds', '5', '--steps', '4'),
  );
  expect(strategy).toMatchObject({
    rounds: 5,
    inner: { case: 'muon', value: { momentum: 0.95 } },
    schedule: { case: 'warmupStableDecay', value: { decaySteps: 4 } },
    precision: { case: 'f16', value: { initialScale: 65_536, growthInterval: 2000 } },
    recompute: true,
    accumulation: 2,
  });
});

test.each(downlinkNames)(
  '--downlink %s is a choice of the manifest, and its codec makes deltas smaller than a base',
  async (name) => {
    const manifest = await manifestOf(flagsOf('--downlink', name));
    const { parameters } = manifest.model;
    const bytes = downlinkCodecOf(manifest)?.payloadBytes(parameters) ?? 4 * parameters;
    expect((bytes * 8) / parameters).toBeCloseTo(
      { full: 32, dense8: 8.03, dense4: 4.03, entropy: 1.992, statistical: 2.006, sparse: 0.881 }[name],
      2,
    );
    expect(() => checkSameRun(manifest, flagsOf('--downlink', name), '')).not.toThrow();
    const other = name === 'full' ? 'dense8' : 'full';
    expect(() => checkSameRun(manifest, flagsOf('--downlink', other), '')).toThrow(`(it has ${name})`);
  },
);

test('without a flag nodes follow by deltas of at most 2 bits, also in a run of fragments', async () => {
  for (const flags of [flagsOf(), flagsOf('--strategy', 'streaming')])
    expect((await manifestOf(flags)).downlink).toMatchObject({
      case: 'entropyDeltas',
      value: { bytes: 1020 },
    });
});

test.each(['dense', 'sparse', 'statistical'])('--codec %s is a choice of the manifest', async (name) => {
  const manifest = await manifestOf(flagsOf('--codec', name));
  expect(manifest.codec.case).toBe(name);
  expect(() => checkSameRun(manifest, flagsOf('--codec', name), '')).not.toThrow();
});

test('parts that do not divide the batch are a usage error', async () => {
  await expect(decideRun(flagsOf('--batch', '4', '--accumulate', '3'), 'nano')).rejects.toMatchObject({
    code: 'usage.accumulate',
  });
});

test('a flag that contradicts the run in the folder is named', async () => {
  const manifest = await manifestOf(flagsOf());
  checkSameRun(
    manifest,
    flagsOf('--optimizer', 'adamw', '--schedule', 'cosine', '--precision', 'f32'),
    'next',
  );
  expect(() => checkSameRun(manifest, flagsOf(...every, '--accumulate', '2'), 'next')).toThrow(
    /--optimizer muon \(it has adamw\), --precision f16 \(it has f32\), --schedule wsd \(it has cosine\), --recompute true \(it has false\), --accumulate 2 \(it has 0\)/,
  );
});

test('differences between manifests are named by field', async () => {
  const [one, other] = [await manifestOf(flagsOf()), await manifestOf(flagsOf(...every, '--batch', '2'))];
  expect(differences(one, one)).toEqual([]);
  expect(differences(one, other).sort()).toEqual([
    'limits.maxTokens',
    'strategy.batch',
    'strategy.inner',
    'strategy.precision',
    'strategy.recompute',
    'strategy.schedule',
  ]);
});

test('a sparse run takes a quarter of a bit a parameter, anneals its rate, and has tensors of whole chunks', async () => {
  const flags = flagsOf('--codec', 'sparse', '--rounds', '12');
  const manifest = await manifestOf(flags);
  const { strategy, codec, merge, model, limits } = manifest;
  if (codec.case !== 'sparse' || merge.case !== 'robustMean') throw new Error('another codec or merge rule');
  expect(strategy.outer).toMatchObject({
    case: 'sgd',
    value: { learningRate: 1, finalRate: 0.4, constantRounds: 3 },
  });
  expect((limits.payloadBytes * 8) / model.parameters).toBeLessThanOrEqual(0.25);
  expect(merge.value.tensors.length).toBeGreaterThan(4);
  for (const size of merge.value.tensors.slice(0, -1)) expect(size % codec.value.chunk).toBe(0);
  expect(() => checkSameRun(manifest, flags, '')).not.toThrow();
  expect(() => checkSameRun(manifest, flagsOf('--codec', 'dense'), '')).toThrow('--codec dense');
  expect(() => checkSameRun(manifest, flagsOf('--outer', 'nesterov'), '')).toThrow('--outer nesterov');
  const other = await manifestOf(flagsOf('--codec', 'sparse', '--outer', 'nesterov'));
  expect(other.strategy.outer.case).toBe('nesterov');
});

test('a strategy chooses optimizer, codec, outer step and fragments, and a flag of its own overrides one', async () => {
  const of = async (...words: string[]) => {
    const { strategy, codec } = await manifestOf(flagsOf(...words));
    return [strategy.inner.case, codec.case, strategy.outer.case, strategy.part.case];
  };
  expect(await of()).toEqual(['adamw', 'dense', 'nesterov', 'wholeModel']);
  expect(await of('--strategy', 'muloco')).toEqual(['muon', 'dense', 'nesterov', 'wholeModel']);
  expect(await of('--strategy', 'sparseloco')).toEqual(['adamw', 'sparse', 'sgd', 'wholeModel']);
  expect(await of('--strategy', 'streaming')).toEqual(['adamw', 'dense', 'nesterov', 'fragments']);
  expect(await of('--strategy', 'streaming', '--optimizer', 'muon', '--codec', 'sparse')).toEqual([
    ...['muon', 'sparse', 'sgd', 'fragments'],
  ]);
  const { strategy } = await manifestOf(flagsOf('--strategy', 'muloco'));
  expect(strategy.outer.value).toMatchObject({ learningRate: 0.8, momentum: 0.9 });
});

test('a run of fragments sends less a round, and is not taken for one of the whole model', async () => {
  const flags = flagsOf('--strategy', 'streaming');
  const manifest = await manifestOf(flags);
  const whole = await manifestOf(flagsOf());
  expect(manifest.limits.payloadBytes).toBeLessThan(whole.limits.payloadBytes * 0.7);
  expect(manifest.strategy.outer.value).toMatchObject({ learningRate: 0.4, momentum: 0.9 });
  expect(() => checkSameRun(manifest, flags, '')).not.toThrow();
  expect(() => checkSameRun(manifest, flagsOf(), '')).not.toThrow();
  expect(() => checkSameRun(manifest, flagsOf('--strategy', 'diloco'), '')).toThrow('fragments');
  expect(() => checkSameRun(whole, flags, '')).toThrow('fragments');
});

test('an asynchronous run makes a base of each arrival, and a flag of its own changes how many and how stale', async () => {
  const flags = flagsOf('--strategy', 'asynchronous', '--period', '6');
  const manifest = await manifestOf(flags);
  expect(manifest.strategy.outer).toMatchObject({
    case: 'delayedNesterov',
    value: { learningRate: 0.7, momentum: 0.5, period: 6, correction: { case: 'uncorrected' } },
  });
  expect(manifest.pace).toMatchObject({ case: 'arrivals', value: { maxStaleness: 48, leastSteps: 5 } });
  expect(manifest.limits).toMatchObject({ quorum: 1, target: 1 });
  expect(() => checkSameRun(manifest, flags, '')).not.toThrow();
  expect(() => checkSameRun(manifest, flagsOf(), '')).not.toThrow();
  expect(() => checkSameRun(manifest, flagsOf('--period', '4'), '')).toThrow('--period 4 (it has 6)');
  expect(() => checkSameRun(manifest, flagsOf('--strategy', 'heloco'), '')).toThrow('correction');
  expect(() => checkSameRun(manifest, flagsOf('--strategy', 'diloco'), '')).toThrow('--outer nesterov');
  const corrected = await manifestOf(
    flagsOf('--strategy', 'heloco', '--per-base', '3', '--max-staleness', '9', '--codec', 'sparse'),
  );
  const { outer } = corrected.strategy;
  if (outer.case !== 'delayedNesterov' || outer.value.correction.case !== 'heloco')
    throw new Error(outer.case);
  const { tensors } = outer.value.correction.value;
  expect(tensors.reduce((sum, size) => sum + size, 0)).toBe(corrected.model.parameters);
  expect(corrected.limits.target).toBe(3);
  expect(corrected.pace.value).toMatchObject({ maxStaleness: 9 });
  await expect(manifestOf(flagsOf('--strategy', 'asynchronous', '--quality', 'measured'))).rejects.toThrow(
    'measured quality',
  );
});
