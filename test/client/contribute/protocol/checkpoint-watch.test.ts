import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { clock } from '../../../../client/clock.ts';
import { CheckpointWatch } from '../../../../client/contribute/protocol/checkpoint-watch.ts';
import type { EvidenceFile, EvidenceStore } from '../../../../client/contribute/protocol/evidence.ts';
import { JournalProofs } from '../../../../client/contribute/protocol/journal-proofs.ts';
import { RelayHttp } from '../../../../client/relay-http.ts';
import { MerkleTree } from '../../../../relay/journal/merkle.ts';
import { manifestBytesOf } from '../../../../relay/run/manifest.ts';
import { checkpointNote, signCheckpoint } from '../../../../relay/wire/checkpoint.ts';
import { checkForkProof, decodeForkProof } from '../../../../relay/wire/evidence/fork-proof.ts';
import { runIdOf } from '../../../../relay/wire/frames.ts';
import { toHex } from '../../../../relay/wire/hex.ts';
import { acknowledgementBytes, sign } from '../../../../relay/wire/signatures.ts';
import { type Acknowledgement, AcknowledgementSchema } from '../../../../relay/wire/tapestry_pb.js';
import { tinyRun } from '../../../support/relay/run-support.ts';

const pair = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify']);
const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
const manifest = manifestBytesOf(tinyRun().manifest, {
  relayKey: publicKey,
  initialBase: new Uint8Array(32),
});
const signer = { run: runIdOf(manifest), publicKey, manifest };
const signal = new AbortController().signal;

/** A relay's journal: `fill` is written into its leaves, so relays with different fills have different journals. */
class FakeRelay {
  readonly #tree = new MerkleTree();
  readonly #leaves: Uint8Array[] = [];
  readonly asked: string[] = [];
  answer: (response: Response) => Response = (response) => response;

  grow(size: number, fill = 1): this {
    while (this.#leaves.length < size) {
      const leaf = new Uint8Array(32).fill(fill).fill(this.#leaves.length, 0, 4);
      this.#leaves.push(leaf);
      this.#tree.append(leaf);
    }
    return this;
  }

  async note(): Promise<Uint8Array<ArrayBuffer>> {
    const { size, root } = this.#tree;
    const head = { size, root };
    const note = checkpointNote(signer, head, await signCheckpoint(pair.privateKey, signer.run, head));
    return new TextEncoder().encode(note);
  }

  async receipt(sequence: number, checkpoint = new Uint8Array()): Promise<Acknowledgement> {
    const entry = this.#leaves[sequence - 1] ?? new Uint8Array(32);
    const facts = { round: 1, attempt: 1, payload: new Uint8Array(32), sequence: BigInt(sequence), entry };
    const signature = await sign(pair.privateKey, acknowledgementBytes(signer.run, facts));
    return create(AcknowledgementSchema, { ...facts, checkpoint, signature });
  }

  readonly fetch = async (url: URL): Promise<Response> => {
    this.asked.push(url.pathname + url.search);
    const number = (name: string) => Number(url.searchParams.get(name));
    if (url.pathname.endsWith('/journal')) {
      const lines = this.#leaves.slice(number('after')).map((leaf) => `{"hash":"${toHex(leaf)}"}\n`);
      return this.answer(new Response(lines.join('')));
    }
    const read = async (start: number, end: number) => this.#leaves.slice(start, end);
    const proof = url.pathname.endsWith('/consistency')
      ? await this.#tree.consistencyProof(number('from'), number('to'), read)
      : await this.#tree.inclusionProof(number('sequence') - 1, number('size'), read);
    const bytes = Buffer.concat(proof);
    return this.answer(new Response(bytes, { headers: { 'content-length': `${bytes.length}` } }));
  };
}

/** A node's evidence of the run, in memory. */
class Evidence implements EvidenceStore {
  readonly notes: Uint8Array[] = [];
  readonly receipts: Acknowledgement[] = [];
  fork: Uint8Array<ArrayBuffer> | null = null;
  readonly loadCheckpoint = async () => this.notes.at(-1) ?? null;
  readonly loadReceipts = async () => this.receipts;
  readonly saveCheckpoint = async (_run: string, note: Uint8Array) => {
    this.notes.push(note);
  };
  readonly saveForkProof = async (_run: string, proof: Uint8Array<ArrayBuffer>) => {
    this.fork = proof;
  };
  readonly forkEvidence = async (): Promise<EvidenceFile[]> => {
    const proof = { kind: 'proof' as const, name: 'fork-of-the-run.json' };
    if (this.fork !== null) return [{ ...proof, bytes: this.fork }];
    return this.notes.map((note) => ({
      kind: 'checkpoint',
      name: 'checkpoint.txt',
      bytes: new Uint8Array(note),
    }));
  };

  static holding(note: Uint8Array | null, ...receipts: Acknowledgement[]): Evidence {
    const evidence = new Evidence();
    if (note !== null) evidence.notes.push(note);
    evidence.receipts.push(...receipts);
    return evidence;
  }
}

async function watching(relay: FakeRelay, evidence = new Evidence()) {
  const proofs = new JournalProofs(new RelayHttp(relay, clock, new URL('https://relay.example/run/')));
  return { watch: await CheckpointWatch.open(signer, proofs, evidence), evidence };
}

const isForked = { code: 'relay.journal-forked' };

test('the watch accepts a journal that only grows, and keeps its newest checkpoint', async () => {
  const relay = new FakeRelay().grow(5);
  const { watch, evidence } = await watching(relay);
  const { notes } = evidence;
  await watch.acknowledged(await relay.receipt(4), signal);
  await watch.committed(await relay.note(), signal);
  relay.grow(300);
  await watch.acknowledged(await relay.receipt(8, new Uint8Array(notes[0] ?? [])), signal);
  await watch.committed(await relay.note(), signal);
  await watch.committed(await relay.note(), signal);
  expect(relay.asked).toEqual([
    '/run/checkpoint/inclusion?sequence=4&size=5',
    '/run/checkpoint/consistency?from=5&to=300',
    '/run/checkpoint/inclusion?sequence=8&size=300',
  ]);
  expect(notes.map((note) => new TextDecoder().decode(note).split('\n')[1])).toEqual(['5', '300']);
});

test('the watch refuses another journal, a shorter one and one without the acknowledged entry', async () => {
  const relay = new FakeRelay().grow(5);
  const held = await relay.note();
  for (const size of [5, 9, 40]) {
    const other = new FakeRelay().grow(size, 2);
    const { watch, evidence } = await watching(other, Evidence.holding(held));
    await expect(watch.committed(await other.note(), signal)).rejects.toMatchObject(isForked);
    expect(evidence.notes).toEqual([held]);
  }
  const longer = new FakeRelay().grow(9);
  const { watch } = await watching(longer, Evidence.holding(await longer.note()));
  await expect(watch.committed(held, signal)).rejects.toMatchObject(isForked);
  const without = await watching(longer);
  await without.watch.acknowledged(await new FakeRelay().grow(9, 2).receipt(7), signal);
  await expect(without.watch.committed(await longer.note(), signal)).rejects.toMatchObject(isForked);
});

test('a restarted node refuses a fork at the Welcome, and keeps a proof that anyone can check', async () => {
  const honest = new FakeRelay().grow(8);
  const [held, receipt] = [await honest.note(), await honest.grow(12).receipt(11)];
  for (const size of [8, 9, 40, 300]) {
    const other = new FakeRelay().grow(size, 2);
    const { watch, evidence } = await watching(other, Evidence.holding(held, receipt));
    await expect(watch.welcomed(await other.note(), signal)).rejects.toMatchObject({
      ...isForked,
      next: expect.stringContaining('fork-of-the-run.json'),
      evidence: [{ kind: 'proof', name: 'fork-of-the-run.json' }],
    });
    const proof = decodeForkProof(evidence.fork ?? new Uint8Array());
    const proved = proof && (await checkForkProof(proof));
    expect(proved, `${size}`).toMatchObject({ run: toHex(signer.run), relayKey: toHex(publicKey) });
    expect(proved?.contradiction).toContain('the first 8 entries');
  }
  // The checkpoint agrees, but not the entry of the receipt that came after it.
  const lost = new FakeRelay().grow(8).grow(20, 2);
  const { watch, evidence } = await watching(lost, Evidence.holding(held, receipt));
  await expect(watch.welcomed(await lost.note(), signal)).rejects.toMatchObject(isForked);
  expect(evidence.notes).toEqual([held]);
  const proof = decodeForkProof(evidence.fork ?? new Uint8Array());
  expect(proof && (await checkForkProof(proof))?.contradiction).toContain('entry 11');
});

test('a restarted node refuses a journal that was cut off, which no proof shows', async () => {
  const relay = new FakeRelay().grow(5);
  const short = await relay.note();
  const long = await relay.grow(9).note();
  for (const note of [short, new Uint8Array()]) {
    const { watch, evidence } = await watching(relay, Evidence.holding(long));
    const refused = {
      ...isForked,
      next: expect.stringContaining('--checkpoint'),
      evidence: [{ bytes: long }],
    };
    await expect(watch.welcomed(note, signal)).rejects.toMatchObject(refused);
    expect(evidence.fork).toBeNull();
  }
});

test('a restarted node accepts the journal that it knows, and asks for each receipt’s proof once', async () => {
  const relay = new FakeRelay().grow(5);
  const held = await relay.note();
  const receipt = await relay.grow(9).receipt(7);
  const changed = { ...receipt, sequence: 8n };
  const { watch, evidence } = await watching(relay, Evidence.holding(held, receipt, changed));
  await watch.welcomed(held, signal);
  expect(relay.asked).toEqual([]);
  await watch.welcomed(await relay.note(), signal);
  await watch.welcomed(await relay.note(), signal);
  expect(relay.asked).toEqual([
    '/run/checkpoint/consistency?from=5&to=9',
    '/run/checkpoint/inclusion?sequence=7&size=9',
  ]);
  expect(evidence.notes).toHaveLength(2);
  const fresh = await watching(relay);
  await fresh.watch.welcomed(new Uint8Array(), signal);
});

test('a relay that gives no proof of the fork is refused all the same', async () => {
  const held = await new FakeRelay().grow(8).note();
  const other = new FakeRelay().grow(20, 2);
  other.answer = (response) => (other.asked.length > 1 ? new Response('', { status: 503 }) : response);
  const { watch, evidence } = await watching(other, Evidence.holding(held));
  await expect(watch.welcomed(await other.note(), signal)).rejects.toMatchObject(isForked);
  expect(evidence.fork).toBeNull();
});

test('a repeated receipt may have an older checkpoint, but only of the same journal', async () => {
  const relay = new FakeRelay().grow(5);
  const old = await relay.note();
  const newest = await relay.grow(20).note();
  const { watch, evidence } = await watching(relay, Evidence.holding(newest));
  await watch.acknowledged(await relay.receipt(6, old), signal);
  const other = new FakeRelay().grow(20, 2);
  for (const receipt of [
    await relay.receipt(6, await new FakeRelay().grow(5, 2).note()),
    await other.receipt(6),
  ]) {
    await expect(watch.acknowledged(receipt, signal)).rejects.toMatchObject(isForked);
  }
  expect(evidence.notes).toEqual([newest]);
});

test('a malformed checkpoint, receipt or proof ends the connection, but the relay stays trusted', async () => {
  const relay = new FakeRelay().grow(5);
  const { watch } = await watching(relay, Evidence.holding(await relay.note()));
  const note = await relay.note();
  note[100] = (note[100] ?? 0) ^ 1;
  await expect(watch.committed(note, signal)).rejects.toMatchObject({ code: 'relay.malformed' });
  const unsigned = { ...(await relay.receipt(3)), sequence: 4n };
  await expect(watch.acknowledged(unsigned, signal)).rejects.toMatchObject({ code: 'relay.malformed' });
  relay.grow(9);
  const answers = [
    new Response('', { status: 503 }),
    new Response('short', { headers: { 'content-length': '32' } }),
    new Response('not hashes'),
    new Response('', { headers: { 'content-length': `${1 << 20}` } }),
  ];
  for (const answer of answers) {
    relay.answer = () => answer;
    await expect(watch.committed(await relay.note(), signal)).rejects.toMatchObject({
      code: 'relay.unreachable',
    });
  }
  relay.answer = (response) => response;
  await watch.committed(await relay.note(), signal);
});
