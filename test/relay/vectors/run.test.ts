import { expect, test } from 'vitest';
import { entryHash, lineOf, type StoredEntry } from '../../../relay/journal/entry.ts';
import type { Kept } from '../../../relay/verify/kept.ts';
import {
  checkForkProof,
  decodeForkProof,
  encodeForkProof,
  type ForkProof,
} from '../../../relay/wire/evidence/fork-proof.ts';
import { encodeToNode } from '../../../relay/wire/frames.ts';
import { toHex } from '../../../relay/wire/hex.ts';
import type { Acknowledgement } from '../../../relay/wire/tapestry_pb.js';
import { newVectorRun, playVectorRun, sourceOf } from '../../support/relay/vector-run.ts';
import { expectVectors } from '../../support/relay/vectors.ts';
import { places, reportOf } from '../../support/relay/written-run.ts';

const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
const frameOf = (receipt: Acknowledgement) => encodeToNode({ case: 'acknowledgement', value: receipt });

/** An entry with another body, soundly chained, that is refused at `place`. */
interface Changed {
  readonly why: string;
  /** The last entry of this kind is changed, or the first. */
  readonly kind: string;
  readonly first?: boolean;
  readonly change: (body: Record<string, unknown>, rows: readonly StoredEntry[]) => unknown;
  readonly place: RegExp;
}

const zeros = '0'.repeat(64);
const changes: readonly Changed[] = [
  {
    why: 'the payload of another node in the abandoned attempt before',
    kind: 'contribution-accepted',
    change: (body, rows) => (body['payload'] = bodiesOf(rows, 'contribution-accepted')[4]?.['payload']),
    place: /body\.payload$/,
  },
  {
    why: 'a payload that was in a base that the guard refused',
    kind: 'contribution-accepted',
    change: (body, rows) => (body['payload'] = bodiesOf(rows, 'contribution-accepted')[5]?.['payload']),
    place: /body\.payload$/,
  },
  {
    why: 'tokens that do not follow from the steps',
    kind: 'contribution-accepted',
    change: (body) => (body['tokens'] = 1),
    place: /body\.tokens$/,
  },
  {
    why: 'another loss than the node signed',
    kind: 'contribution-accepted',
    change: (body) => (body['heldOutLoss'] = '-0'),
    place: /body\.signature$/,
  },
  {
    why: 'nobody is left out',
    kind: 'round-committed',
    first: true,
    change: (body) => (body['excluded'] = []),
    place: /body\.excluded$/,
  },
  {
    why: 'a loss that the guard does not allow',
    kind: 'round-committed',
    change: (body) => (body['loss'] = '2.7500002'),
    place: /body\.loss$/,
  },
  {
    why: 'an attempt is abandoned for a loss that the guard allows',
    kind: 'round-abandoned',
    change: (body) => (body['loss'] = '2.75'),
    place: /body\.loss$/,
  },
  {
    why: 'another momentum',
    kind: 'round-committed',
    change: (body, rows) => {
      const [state] = bodiesOf(rows, 'round-committed').map(({ state }) => state);
      if (Array.isArray(body['state']) && Array.isArray(state)) body['state'][1] = state[1];
    },
    place: /body\.state\.1$/,
  },
  {
    why: 'a refusal code that there is not',
    kind: 'refused',
    change: (body) => (body['counts'] = { TOO_EARLY: 1 }),
    place: /body\.counts/,
  },
  {
    why: 'the run ends on another base',
    kind: 'run-complete',
    change: (body) => (body['base'] = zeros),
    place: /body\.base$/,
  },
  {
    why: 'the end is not signed',
    kind: 'run-complete',
    change: (body) => Object.assign(body['checkpoint'] ?? {}, { signature: zeros + zeros }),
    place: /body\.checkpoint\.signature$/,
  },
];

function bodiesOf(rows: readonly StoredEntry[], kind: string): Record<string, unknown>[] {
  return rows.filter((row) => row.kind === kind).map(({ body }) => JSON.parse(body));
}

/** The entries up to the one that is changed. */
function changed(rows: readonly StoredEntry[], { kind, first, change }: Changed): StoredEntry[] {
  const row = (first ? [...rows] : rows.toReversed()).find((row) => row.kind === kind);
  if (row === undefined) throw new Error(`no ${kind}`);
  const body: Record<string, unknown> = JSON.parse(row.body);
  change(body, rows);
  const unhashed = { ...row, body: JSON.stringify(body) };
  return [...rows.slice(0, row.sequence - 1), { ...unhashed, hash: entryHash(unhashed) }];
}

test('run.json: a whole run with an abandoned attempt, refusals, a contribution left out and a base that was refused', async () => {
  const played = await playVectorRun(await newVectorRun(), 1);
  const { rows, blobs, checkpoints, receipts } = played;
  const commits = bodiesOf(rows, 'round-committed');
  expect(commits).toMatchObject([
    { excluded: [expect.any(Number)], loss: '2.5' },
    { excluded: [], loss: '2.75' },
  ]);
  expect(bodiesOf(rows, 'round-abandoned').map(({ loss }) => loss)).toEqual([null, '2.7500002']);
  expect(bodiesOf(rows, 'refused').length).toBeGreaterThan(0);
  const report = await reportOf(sourceOf(played));
  expect(report).toMatchObject({ problems: [], rounds: 2, entries: rows.length, signed: rows.length - 1 });
  const base = blobs.get(report.base ?? '');
  expect(base && new DataView(base.buffer, base.byteOffset).getFloat32(0, true)).toBe(-0);
  const refused = [];
  for (const one of changes) {
    const others = changed(rows, one);
    const problems = places((await reportOf(sourceOf({ rows: others, blobs }))).problems);
    expect(problems, one.why).toEqual([expect.stringMatching(one.place)]);
    refused.push({ why: one.why, line: others.slice(-1).map(lineOf).join(), place: problems[0] });
  }
  const { run, relayKey, rounds } = report;
  await expectVectors('run', {
    ...{ run, relayKey, rounds, base: report.base },
    journal: rows.map(lineOf),
    blobs: Object.fromEntries([...blobs].map(([hash, bytes]) => [hash, toHex(bytes)])),
    checkpoints: checkpoints.map(text),
    receipts: receipts.map((receipt) => toHex(frameOf(receipt))),
    refused,
  });
});

test('fork.json: proofs that a relay signed two journals, and files that prove nothing', async () => {
  const folder = await newVectorRun();
  const played = await playVectorRun(folder, 1);
  // The same relay's other journal of the run.
  const twin = await playVectorRun(folder, 2);
  const [early, end] = played.checkpoints;
  const receipt = played.receipts.at(-1);
  if (early === undefined || end === undefined || receipt === undefined) throw new Error('no evidence');
  const kept: Record<string, Kept> = {
    'a checkpoint of fewer entries': { kind: 'checkpoint', place: 'early', bytes: early },
    'a checkpoint of as many entries': { kind: 'checkpoint', place: 'end', bytes: end },
    'a receipt': { kind: 'receipt', place: 'receipt', bytes: frameOf(receipt) },
  };
  const proofs = [];
  const nothing = [];
  for (const [why, statement] of Object.entries(kept)) {
    const { fork } = await reportOf(sourceOf(twin), [statement]);
    if (fork === null) throw new Error(`${why} proves nothing`);
    const proved = await checkForkProof(fork);
    expect(proved, why).not.toBeNull();
    proofs.push({ why, file: fileOf(fork), contradiction: proved?.contradiction });
    for (const [how, other] of Object.entries(weakened(fork, early, receipt))) {
      const file = encodeForkProof(other);
      const decoded = decodeForkProof(file);
      expect(decoded && (await checkForkProof(decoded)), `${why}: ${how}`).toBeNull();
      nothing.push({ why: `${why}: ${how}`, file: fileOf(other) });
    }
  }
  const [proof] = proofs;
  const additional = { ...proof?.file, note: '' };
  expect(decodeForkProof(new TextEncoder().encode(JSON.stringify(additional)))).toBeNull();
  nothing.push({ why: 'an additional member', file: additional });
  await expectVectors('fork', { proofs, nothing });
});

/** The proof's file, as JSON. */
function fileOf(proof: ForkProof): object {
  return JSON.parse(text(encodeForkProof(proof)));
}

/** The proof with one part taken away, or replaced by one of the other journal. */
function weakened(fork: ForkProof, early: Uint8Array, receipt: Acknowledgement): Record<string, ForkProof> {
  const { entry, later, manifest } = fork;
  const manifestOfOther = manifest.slice();
  manifestOfOther[8] = (manifestOfOther[8] ?? 0) ^ 1;
  const unsigned = new TextEncoder().encode(text(later).replace(/^tapestry.*\n/, `tapestry/${zeros}\n`));
  const both = {
    'the manifest of another run': { ...fork, manifest: manifestOfOther },
    'the later checkpoint names another run': { ...fork, later: unsigned },
    'the later journal is shorter': { ...fork, later: early },
    'the receipt lacks a signature': {
      ...fork,
      earlier: { kind: 'receipt' as const, bytes: frameOf({ ...receipt, signature: new Uint8Array(64) }) },
    },
  };
  if (entry === null)
    return {
      ...both,
      'twice the same checkpoint': { ...fork, earlier: { kind: 'checkpoint', bytes: later } },
    };
  const longer = { ...entry, path: [...entry.path, new Uint8Array(32)] };
  return {
    ...both,
    'no entry': { ...fork, entry: null },
    'another entry': { ...fork, entry: { ...entry, hash: zeros } },
    'a path that is too short': { ...fork, entry: { ...entry, path: entry.path.slice(1) } },
    'a path that is too long': { ...fork, entry: longer },
  };
}
