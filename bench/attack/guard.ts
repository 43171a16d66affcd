import { probeOf } from '../../apps/cli/run/guard/probe.ts';
import { probeLoss } from '../../apps/cli/run/guard/probe-loss.ts';
import { modelConfigOf } from '../../client/contribute/run-model.ts';
import { byteTokenizer } from '../../client/data/tokenizer.ts';
import { nations } from '../../client/data/udhr/nations.ts';
import { mean as average } from '../../client/mean.ts';
import { Random } from '../../client/random.ts';
import { lossOf as lossOfText } from '../../relay/journal/entry.ts';
import { Guard } from '../../relay/run/guard/guard.ts';
import { LowestLoss } from '../../relay/run/guard/lowest-loss.ts';
import { roundLimitsOf } from '../../relay/run/round.ts';
import { RoundFold } from '../../relay/run/round-fold.ts';
import { hashOfBytes } from '../../relay/storage/sha256.ts';
import type { WholeManifest } from '../../relay/wire/frames.ts';
import { type Federated, type FederatedOptions, openFederated } from '../federation/nodes.ts';
import { attacks } from './kinds.ts';
import { counted } from './round.ts';

/** How many hostile keys attack, and in which way. */
interface Scenario {
  readonly keys: number;
  readonly kind: string;
}

/** At most this many batches of each corpus's held-out text are measured. */
const maxBatches = 8;
/** Hostile keys send at once; an honest node trains for so long, and each is a second slower than the one before. */
const trainingMs = 20_000;
/** Keys of one process before seats bounded them, and the seats of one address. */
const manyKeys = 16;
/** The demo's: nats a token by which the guard lets a base be worse. */
const usual = { maxIncrease: 0.25 };
const seats = 4;

export interface GuardOptions extends Omit<FederatedOptions, 'nodes'> {
  /** Kinds of attacks; all unless given. */
  readonly kinds: readonly string[];
  /** Honest and hostile nodes of each case. */
  readonly cases: readonly (readonly [honest: number, hostile: number])[];
}

export const guardKinds: readonly string[] = [...Object.keys(attacks), 'many-keys'];

/**
 * The loss of the base after a run with hostile nodes, less that of the same honest nodes alone under the same rules: with the
 * weighted mean and rounds that end at 16 contributions (`mean`), with the defaults but no guard (`robust`), and with the
 * guard (`guarded`). Training, codec, round machine and RoundFold are the real ones. Yields a record for each row.
 */
export async function* guardBench(options: GuardOptions): AsyncGenerator<object> {
  for (const [honest, hostile] of options.cases) {
    const mean = await openFederated(
      { ...options, nodes: honest },
      { merge: 'mean', maxNodes: 16, graceShare: 0 },
    );
    const names = nations.slice(0, honest).map(({ name }) => name);
    const probe = await probeOf({}, usual, byteTokenizer, names);
    const robust = await openFederated({ ...options, nodes: honest }, probe);
    const alone = { keys: 0, kind: 'none' };
    const without = await lossOf(mean, alone, options);
    const bounded = await lossOf(robust, alone, options, true);
    yield { event: 'none', honest, mean: without, guarded: bounded, cost: bounded.loss - without.loss };
    for (const kind of options.kinds) {
      const [many, few] = kind === 'many-keys' ? [manyKeys, seats] : [hostile, hostile];
      const scenario = { keys: few, kind };
      const open = await lossOf(mean, { keys: many, kind }, options);
      const guarded = await lossOf(robust, scenario, options, true);
      // A guard that allowed every base changed nothing.
      const unguarded = guarded.notAllowed === 0 ? guarded : await lossOf(robust, scenario, options);
      const costs = {
        mean: open.loss - without.loss,
        robust: unguarded.loss - bounded.loss,
        guarded: guarded.loss - bounded.loss,
      };
      yield {
        event: 'attacked',
        kind,
        honest,
        keys: [many, few],
        mean: open,
        robust: unguarded,
        guarded,
        costs,
      };
    }
    mean.close();
    robust.close();
  }
}

async function lossOf(federated: Federated, scenario: Scenario, options: GuardOptions, isGuarded = false) {
  const { keys, kind } = scenario;
  const { manifest, codec, created, tokens } = federated;
  const attack = attacks[kind] ?? attacks['negative'];
  const fold = new RoundFold(manifest, codec, [created.initialBase]);
  const nodes = federated.nodes();
  const length = manifest.model.parameters;
  const probe = isGuarded ? (created.probe ?? null) : null;
  const guard = Guard.of(manifest, probe, async (_, parameters, bytes) =>
    probeLoss({ config: modelConfigOf(manifest.model), parameters, tokens: new Uint32Array(bytes.buffer) }),
  );
  const lowest = new LowestLoss(manifest.guard.case === 'probe' ? manifest.guard.value.rounds : 1);
  let [foldMs, guardMs, notAllowed, excludedHonest, excludedHostile] = [0, 0, 0, 0, 0];
  const past: Float32Array[][] = [];
  for (let round = 0; round < options.rounds; round++) {
    const payloads = new Map<string, Uint8Array>();
    const deltas: Float32Array[] = [];
    const before = [...past];
    past.push(deltas);
    for (const [i, node] of nodes.entries()) {
      const { payload } = await federated.contribute(node, fold.base, round);
      payloads.set(`honest ${i}`, payload);
      deltas.push(decoded(payload, federated));
    }
    for (let key = 0; key < keys; key++) {
      const random = Random.seeded(options.seed + key, 1000 + round);
      const sight = { honest: deltas, before, bound: codec.clipNorm, steps: options.steps, key, random };
      const delta = attack?.(sight);
      if (delta === undefined) continue;
      // The relay refuses a second payload with the same bytes: each key changes one value.
      delta[key] = (delta[key] ?? 0) + codec.unit * 64;
      payloads.set(`hostile ${key}`, codec.encode(delta, new Float32Array(length)));
    }
    const arrivals = [...payloads.keys()].map((node, i) => ({
      node,
      atMs: node.startsWith('hostile') ? i : trainingMs + 1000 * i,
    }));
    const taken = counted(arrivals, { ...roundLimitsOf(manifest), rounds: 1 });
    const startedAt = performance.now();
    const { state, excluded } = await fold.next(
      round + 1,
      taken.map(({ node }) => {
        const payload = payloads.get(node) ?? new Uint8Array();
        return { tokens, payload: hashOfBytes(payload), part: 'whole' as const, read: async () => payload };
      }),
    );
    foldMs += performance.now() - startedAt;
    for (const index of excluded) {
      if (taken[index]?.node.startsWith('hostile')) excludedHostile++;
      else excludedHonest++;
    }
    const judgedAt = performance.now();
    const parameters = state[0] ?? new Float32Array();
    const next = { hash: `${round}`, parameters: async () => parameters.slice() };
    const judgement = await guard?.judge({ lowestLoss: lowest.value }, async () => fold.base.slice(), next);
    guardMs += performance.now() - judgedAt;
    if (judgement?.isAllowed === false) {
      notAllowed++;
      continue;
    }
    if (judgement) lowest.add(lossOfText(judgement.loss));
    fold.commit(state);
  }
  const loss = average(await federated.losses(fold.base, maxBatches));
  return {
    loss,
    foldMs: foldMs / options.rounds,
    guardMs: guardMs / options.rounds,
    notAllowed,
    excluded: { honest: excludedHonest, hostile: excludedHostile },
  };
}

function decoded(
  payload: Uint8Array,
  { manifest, codec }: { manifest: WholeManifest; codec: Federated['codec'] },
) {
  const { parameters } = manifest.model;
  const values = new Float32Array(parameters);
  codec.decode(payload, parameters, (index, integer) => {
    values[index] = integer * codec.unit;
  });
  return values;
}
