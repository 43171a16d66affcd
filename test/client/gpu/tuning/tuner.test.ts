import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Device } from '../../../../client/gpu/device.ts';
import type { Candidate } from '../../../../client/gpu/operation.ts';
import { ProgramBuilder, type RecordedSite } from '../../../../client/gpu/program.ts';
import { type Trials, triable } from '../../../../client/gpu/tuning/trials.ts';
import { choicesOf, measure, type Tuning, tune } from '../../../../client/gpu/tuning/tuner.ts';
import { linearForward } from '../../../../client/model/operations/linear.ts';
import { rmsNormForward } from '../../../../client/model/operations/rms-norm.ts';
import { Random } from '../../../../client/random.ts';
import { openNodeDevice } from '../../../support/gpu-node.ts';

/** A site of made-up variants; the reference is the first, the guess the last. */
function site(key: string, variants: readonly string[], bytes = 4): RecordedSite {
  const candidate = (variant: string): Candidate => ({
    variant,
    shader: 'matmul',
    entry: 'forward',
    overrides: {},
    workgroups: [1, 1, 1],
  });
  const [reference = '', ...others] = variants;
  return {
    key,
    operation: key,
    words: [],
    storage: 'f32',
    indices: {},
    bytes: { left: bytes },
    candidates: [candidate(reference), ...others.map(candidate)],
    guess: candidate(variants.at(-1) ?? reference),
  };
}

/** Trials without a GPU: a dispatch of a variant moves the clock by a given number of milliseconds. */
class Scripted implements Trials {
  now = 0;
  readonly timed: string[] = [];
  readonly #milliseconds: Readonly<Record<string, number>>;
  readonly #disturbance: () => number;

  /** `disturbance`: the factor by which other work slows a timing. */
  constructor(milliseconds: Readonly<Record<string, number>>, disturbance = () => 1) {
    this.#milliseconds = milliseconds;
    this.#disturbance = disturbance;
  }

  async refusal(_site: RecordedSite, { variant }: Candidate): Promise<string | null> {
    this.now += 1;
    return variant.startsWith('wrong') ? 'wrong' : null;
  }

  async time(_site: RecordedSite, { variant }: Candidate, repetitions: number): Promise<number> {
    this.timed.push(variant);
    const undisturbed = repetitions * (this.#milliseconds[variant] ?? 1) + 0.01;
    const milliseconds = undisturbed * this.#disturbance();
    this.now += milliseconds;
    return milliseconds;
  }
}

const chosen = async (sites: RecordedSite[], milliseconds: Record<string, number>) =>
  (await measure(sites, new Scripted(milliseconds))).map((tuning) => tuning.chosen);

test('the tuner chooses the fastest variant, prefers the guess if it is nearly as fast, and never chooses a wrong one', async () => {
  const variants = ['reference', 'fast', 'wrong and fastest', 'guess'];
  expect(await chosen([site('a', variants)], { reference: 3, fast: 1, guess: 2 })).toEqual(['fast']);
  expect(await chosen([site('a', variants)], { reference: 3, fast: 1, guess: 1.02 })).toEqual(['guess']);
  expect(await chosen([site('a', variants)], { reference: 3, fast: 1, guess: 1.05 })).toEqual(['fast']);
  const wrongGuess = site('a', ['reference', 'fast', 'wrong guess']);
  expect(await chosen([wrongGuess], { reference: 3, fast: 3.01 })).toEqual(['reference']);
});

test('each candidate is reported with its time or the reason for its refusal', async () => {
  const [tuning] = await measure(
    [site('a', ['reference', 'wrong', 'guess'])],
    new Scripted({ reference: 2, guess: 0.5 }),
  );
  expect(tuning?.measurements).toEqual([
    { variant: 'reference', microseconds: expect.closeTo(2000, -2), refused: null },
    { variant: 'wrong', microseconds: null, refused: 'wrong' },
    { variant: 'guess', microseconds: expect.closeTo(500, -2), refused: null },
  ]);
});

test('the same timings give the same choices in any order of the sites', async () => {
  const sites = [1, 2, 3].map((n) => site(`site ${n}`, ['reference', 'other', 'guess'], n * 4));
  const times = { reference: 1.4, other: 1, guess: 1.1 };
  const one = await measure(sites, new Scripted(times));
  const other = await measure(sites.toReversed(), new Scripted(times));
  expect(other).toEqual(one);
  expect(choicesOf(one)).toEqual(new Map(sites.map(({ key }) => [key, 'other'])));
});

test('candidates are timed in turn, and one that is far too slow is timed only once', async () => {
  const trials = new Scripted({ reference: 50, other: 5, guess: 5 });
  await measure([site('a', ['reference', 'other', 'guess'])], trials);
  expect(trials.timed.filter((variant) => variant === 'reference')).toHaveLength(1);
  expect(trials.timed.slice(-4)).toEqual(['other', 'guess', 'other', 'guess']);
});

test('a busy machine does not make the tuner choose a variant slower than the guess', async () => {
  const random = Random.seeded(3);
  const busy = () => (random.uniform() < 0.7 ? 1 : 1 + 20 * random.uniform());
  const times = { reference: 3, other: 1.5, guess: 1 };
  let [kept, found] = [0, 0];
  for (let i = 0; i < 200; i++) {
    const sites = [site('a', ['reference', 'other', 'guess']), site('b', ['reference', 'guess', 'other'])];
    const [a, b] = await measure(sites, new Scripted(times, busy));
    if (a?.chosen === 'guess') kept++;
    if (b?.chosen === 'guess') found++;
  }
  expect(kept).toBe(200);
  // In b the guess is the slower one, and the tuner finds that in most trials.
  expect(found).toBeGreaterThan(100);
});

test('a dispatch of a microsecond is repeated until its timing is long enough', async () => {
  const trials = new Scripted({ reference: 0.001, guess: 0.002 });
  const [tuning] = await measure([site('a', ['reference', 'guess'])], trials);
  expect(tuning?.chosen).toBe('reference');
  expect(tuning?.measurements[0]?.microseconds).toBeLessThan(1.1);
});

test('the tuner begins with the largest site and begins none after its time is over', async () => {
  const sites = [10, 30, 20].map((bytes) => site(`of ${bytes}`, ['reference', 'guess'], bytes));
  const trials = new Scripted({});
  const told: number[][] = [];
  const onTuned = (_: Tuning, done: number, all: number) => told.push([done, all]);
  const tunings = await measure(sites, trials, { now: () => trials.now, budget: 20, onTuned });
  expect(tunings.map(({ key }) => key)).toEqual(['of 30', 'of 20']);
  expect(told).toEqual([
    [1, 3],
    [2, 3],
  ]);
});

test('an abort ends the measuring', async () => {
  const leaving = new AbortController();
  leaving.abort(new Error('enough'));
  const measuring = measure([site('a', ['reference', 'guess'])], new Scripted({}), {
    signal: leaving.signal,
  });
  await expect(measuring).rejects.toThrow('enough');
});

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

/** A linear layer of an odd number of rows, and a norm. */
function recorded(on: Device, storage: 'f32' | 'f16'): RecordedSite[] {
  const program = new ProgramBuilder(on, { storage });
  const [rows, inputs, outputs] = [37, 64, 96];
  const left = program.stored(rows * inputs);
  const product = program.stored(rows * outputs);
  program.record(
    linearForward,
    { rows, inputs, outputs, epilogue: { kind: 'plain' }, addend: true },
    {
      left,
      right: program.stored(inputs * outputs),
      addend: program.stored(rows * outputs),
      rotation: left,
      product,
      activated: program.unused(),
    },
  );
  program.record(
    rmsNormForward,
    { rows, width: outputs, epsilon: 1e-5 },
    {
      input: product,
      gain: program.activation(outputs),
      output: program.stored(rows * outputs),
      inverse: program.activation(rows),
    },
  );
  return [...program.sites];
}

test.each(['f32', 'f16'] as const)('with %s storage, every variant passes and is timed', async (storage) => {
  if (storage === 'f16' && !device.f16) return;
  const sites = recorded(device, storage);
  const tunings = await tune(device, sites, { sample: 1 });
  expect(tunings).toHaveLength(2);
  for (const { measurements } of tunings)
    for (const { refused, microseconds } of measurements) {
      expect(refused).toBeNull();
      expect(microseconds).toBeGreaterThan(0);
    }
});

test('a variant that leaves a part unwritten, has no such entry or does not compile is refused', async () => {
  const sites = recorded(device, 'f32');
  const [linear, norm] = sites;
  if (linear === undefined || norm === undefined) throw new Error('nothing was recorded');
  const [reference] = linear.candidates;
  const [normReference] = norm.candidates;
  const broken: RecordedSite = {
    ...linear,
    candidates: [
      reference,
      { ...reference, variant: 'too few workgroups', workgroups: [1, reference.workgroups[1], 1] },
      { ...reference, variant: 'no such entry', entry: 'sideways' },
      { ...reference, variant: 'no overrides', overrides: {} },
    ],
  };
  const idle = { ...normReference, variant: 'one row too few', workgroups: [1, 4, 1] } as const;
  const refusals = new Map<string, string | null>();
  const all = [broken, { ...norm, candidates: [normReference, idle] as const }];
  for (const { operation, measurements, chosen: best } of await tune(device, all, { sample: 1 })) {
    for (const { variant, refused } of measurements) refusals.set(`${operation} ${variant}`, refused);
    expect([reference.variant, normReference.variant, linear.guess.variant]).toContain(best);
  }
  expect(refusals.get(`linear-forward ${reference.variant}`)).toBeNull();
  expect(refusals.get('linear-forward too few workgroups')).toMatch(
    /^its product differs from the reference/,
  );
  expect(refusals.get('linear-forward no such entry')).toMatch(/sideways/);
  expect(refusals.get('linear-forward no overrides')).toMatch(/lanesX/);
  expect(refusals.get('rms-norm-forward one row too few')).toMatch(/differs from the reference/);
});

test('sites with indices of unknown range, or that need too much memory, are not tried', () => {
  const [linear] = recorded(device, 'f32');
  if (linear === undefined) throw new Error('nothing was recorded');
  expect(triable(device, [linear])).toEqual([linear]);
  expect(triable(device, [{ ...linear, bytes: { ...linear.bytes, right: 2 ** 32 } }])).toEqual([]);
  const [first] = linear.candidates;
  const gather = { ...first, shader: 'embedding', entry: 'forward' } as const;
  const gathering: RecordedSite = { ...linear, candidates: [gather, gather], bytes: { tokens: 256 } };
  expect(triable(device, [gathering])).toEqual([]);
  expect(triable(device, [{ ...gathering, indices: { tokens: 9 } }])).toHaveLength(1);
});

test('losing the device ends the measuring', async () => {
  const own = await openNodeDevice();
  const measuring = tune(own, recorded(own, 'f32'), { onTuned: () => own.close() });
  await expect(measuring).rejects.toMatchObject({ code: 'device.lost' });
});
