import { expect, test } from 'vitest';
import { Random } from '../../client/random.ts';
import { lineOf, lossText, nextEntry } from '../../relay/journal/entry.ts';
import { MerkleTree } from '../../relay/journal/merkle.ts';
import { manifestBytesOf, parseManifest } from '../../relay/run/manifest.ts';
import { RobustMean } from '../../relay/run/merge/robust-mean.ts';
import { RoundFold } from '../../relay/run/round-fold.ts';
import { bytesOfVector } from '../../relay/storage/blob-store.ts';
import { hashOfBytes } from '../../relay/storage/sha256.ts';
import {
  checkpointNote,
  checkpointText,
  keyId,
  originOf,
  signCheckpoint,
} from '../../relay/wire/checkpoint.ts';
import { denseCodec } from '../../relay/wire/codec/dense.ts';
import { runIdOf } from '../../relay/wire/frames.ts';
import { fromHex, toHex } from '../../relay/wire/hex.ts';
import {
  acknowledgementBytes,
  joinBytes,
  manifestSignedBytes,
  offerBytes,
  sign,
  tokenProof,
} from '../../relay/wire/signatures.ts';
import { HostKind, ModelPart } from '../../relay/wire/tapestry_pb.js';
import { integersOf } from '../support/relay/integers.ts';
import { openedPart } from '../support/relay/merge-part.ts';
import { testNode, tinyRun } from '../support/relay/run-support.ts';
import { expectVectors } from '../support/relay/vectors.ts';

const filled = (byte: number, length = 32) => new Uint8Array(length).fill(byte);

/** A fixed key, and the manifest of a run of five parameters that is signed with it. */
async function signedRun() {
  const key = await testNode(1);
  const base = new Float32Array([1, -0.5, 0.25, 1e-3, -2]);
  const initialBase = fromHex(hashOfBytes(bytesOfVector(base)));
  const draft = { ...tinyRun({ parameters: 5, rounds: 2, target: 2 }).manifest };
  const manifest = manifestBytesOf(draft, { relayKey: fromHex(key.key), initialBase });
  return { key, base, manifest, run: runIdOf(manifest) };
}

test('manifest.json: the bytes of a manifest, its id and its signature', async () => {
  const { key, manifest, run } = await signedRun();
  const parsed = parseManifest(manifest).manifest;
  const plain = JSON.parse(
    JSON.stringify(parsed, (name, value: unknown) => {
      if (value instanceof Uint8Array) return toHex(value);
      if (name === '$typeName') return undefined;
      return typeof value === 'bigint' ? String(value) : value;
    }),
  );
  await expectVectors('manifest', {
    bytes: toHex(manifest),
    run: toHex(run),
    signature: toHex(await sign(key.signing, manifestSignedBytes(manifest))),
    manifest: plain,
  });
});

test('payloads.json: payloads and their integers, and payloads that are refused', async () => {
  const random = Random.seeded(4);
  const payloads = [2, 3, 4, 7, 8].map((bits) => {
    const settings = { bits, block: 5, exponent: -10, maxShift: 6, clipNorm: 10 };
    const values = new Float32Array(12).map(() => random.normal() / 20);
    const payload = denseCodec(settings).encode(values, new Float32Array(12));
    const integers = [...integersOf(denseCodec(settings), payload, 12)];
    return { ...settings, parameters: 12, payload: toHex(payload), integers };
  });
  const settings = { bits: 4, block: 3, exponent: -10, maxShift: 6, clipNorm: 10 };
  const refused = {
    'a shift above max_shift': '070000',
    'the value -2^(bits - 1)': '000800',
    'a left-over bit': '000010',
    'another length': '0000',
  };
  for (const payload of Object.values(refused)) {
    expect(() => integersOf(denseCodec(settings), fromHex(payload), 3), payload).toThrow();
  }
  await expectVectors('payloads', { payloads, refused: { ...settings, parameters: 3, payloads: refused } });
});

test('outer-step.json: two rounds of sums, means and outer steps', async () => {
  const { base, manifest } = await signedRun();
  const { manifest: parsed, codec } = parseManifest(manifest);
  const fold = new RoundFold(parsed, codec, [base]);
  const random = Random.seeded(9);
  const rounds = [];
  for (const round of [1, 2]) {
    const contributions = [320, 77].map((tokens) => {
      const values = new Float32Array(5).map(() => random.normal() / 3);
      return { payload: toHex(codec.encode(values, new Float32Array(5))), tokens };
    });
    const { state } = await fold.next(
      round,
      contributions.map(({ payload, tokens }) => ({
        tokens,
        payload: hashOfBytes(fromHex(payload)),
        part: 'whole' as const,
        read: async () => fromHex(payload),
      })),
    );
    fold.commit(state);
    const [nextBase, momentum] = state.map((vector) => ({
      bytes: toHex(bytesOfVector(vector)),
      hash: hashOfBytes(bytesOfVector(vector)),
    }));
    rounds.push({ round, contributions, base: nextBase, momentum });
  }
  await expectVectors('outer-step', {
    manifest: 'manifest.json',
    initialBase: toHex(bytesOfVector(base)),
    rounds,
  });
});

test('robust-mean.json: deltas that are too long in one tensor, and deltas that point against the others', async () => {
  const random = Random.seeded(5);
  // In the first case a sketch has a number for each value, in the second for each block of two.
  const cases = [
    { bits: 8, parameters: 6, tensors: [4, 2], normFactor: 1.25 },
    { bits: 2, parameters: 4100, tensors: [4001, 99], normFactor: 1 },
  ].map(async ({ bits, parameters, tensors, normFactor }) => {
    const settings = { bits, block: 4, exponent: -12, maxShift: 12, clipNorm: 1000 };
    const dense = denseCodec(settings);
    const shared = new Float32Array(parameters).map(() => random.normal());
    const contributions = [320, 320, 64, 320, 160].map((tokens, i) => {
      const own = shared.map((value) => (i === 3 ? -5 * value : value + random.normal() / 3));
      if (i === 1) for (let at = tensors[0] ?? 0; at < parameters; at++) own[at] = 3 * (own[at] ?? 0);
      return { payload: toHex(dense.encode(own, new Float32Array(parameters))), tokens };
    });
    const parts = contributions.map(({ payload, tokens }) =>
      openedPart({
        tokens,
        payload: hashOfBytes(fromHex(payload)),
        decode: async (take) => take(dense.decodeSlice(fromHex(payload), parameters, 0)),
      }),
    );
    const { delta, excluded } = await new RobustMean(parameters, { tensors, normFactor }).merge(
      parts,
      dense.unit,
    );
    expect(excluded).toEqual([3]);
    const hash = hashOfBytes(new Uint8Array(delta.buffer));
    const first = [...delta.slice(0, 6)];
    return { ...settings, parameters, tensors, normFactor, contributions, excluded, delta: { hash, first } };
  });
  await expectVectors('robust-mean', { cases: await Promise.all(cases) });
});

test('signatures.json: the bytes of every signature and keyed hash', async () => {
  const { key } = await testNode(1).then((key) => ({ key }));
  const signed = async (bytes: Uint8Array<ArrayBuffer>) => ({
    bytes: toHex(bytes),
    signature: toHex(await sign(key.signing, bytes)),
  });
  const join = {
    protocol: 2,
    run: filled(1),
    publicKey: fromHex(key.key),
    host: HostKind.NODE,
    corpus: 0xffff_ffff,
  };
  const offer = {
    round: 3,
    base: filled(2),
    payload: filled(3),
    payloadBytes: 100,
    steps: 10,
    tokens: 320,
    trainingLoss: Math.fround(2.3),
    heldOutLoss: -0,
    part: ModelPart.UPPER,
  };
  const receipt = { round: 3, attempt: 2, payload: filled(3), sequence: 2n ** 40n, entry: filled(4) };
  await expectVectors('signatures', {
    publicKey: key.key,
    join: { nonce: toHex(filled(9)), ...plain(join), ...(await signed(joinBytes(filled(9), join))) },
    tokenProof: {
      token: 'tøken',
      nonce: toHex(filled(9)),
      publicKey: key.key,
      proof: toHex(tokenProof('tøken', filled(9), fromHex(key.key))),
    },
    offer: {
      run: toHex(filled(1)),
      ...plain(offer),
      heldOutLoss: '-0',
      ...(await signed(offerBytes(filled(1), offer))),
    },
    acknowledgement: {
      run: toHex(filled(1)),
      ...plain(receipt),
      ...(await signed(acknowledgementBytes(filled(1), receipt))),
    },
    manifest: { manifest: '0908', ...(await signed(manifestSignedBytes(Uint8Array.of(9, 8)))) },
  });
});

test('merkle.json: roots and proofs of trees of up to 300 leaves', async () => {
  const leaves = Array.from({ length: 300 }, (_, i) => fromHex(hashOfBytes(Uint8Array.of(i % 256, i >> 8))));
  const tree = new MerkleTree();
  const roots: Record<number, string> = { 0: toHex(tree.root) };
  for (const leaf of leaves) {
    tree.append(leaf);
    if (tree.size <= 8 || tree.size % 50 === 0) roots[tree.size] = toHex(tree.root);
  }
  const read = async (start: number, end: number) => leaves.slice(start, end);
  const inclusion = [];
  for (const [sequence, size] of [
    [1, 1],
    [1, 7],
    [4, 7],
    [7, 7],
    [200, 300],
    [300, 300],
  ] as const) {
    const proof = await tree.inclusionProof(sequence - 1, size, read);
    inclusion.push({ sequence, size, proof: proof.map(toHex) });
  }
  const consistency = [];
  for (const [from, to] of [
    [1, 2],
    [3, 7],
    [4, 7],
    [6, 8],
    [7, 7],
    [50, 300],
    [256, 300],
  ] as const) {
    const proof = await tree.consistencyProof(from, to, read);
    consistency.push({ from, to, proof: proof.map(toHex) });
  }
  await expectVectors('merkle', {
    leaves: 'leaf i, from 0, is the SHA-256 of the two bytes i mod 256 and i div 256',
    roots,
    inclusion,
    consistency,
  });
});

test('checkpoint.json: a checkpoint, its signed text and its key id', async () => {
  const key = await testNode(1);
  const [run, publicKey] = [filled(0xab), fromHex(key.key)];
  const head = { size: 12, root: filled(7) };
  const signature = await signCheckpoint(key.signing, run, head);
  await expectVectors('checkpoint', {
    run: toHex(run),
    relayKey: key.key,
    size: head.size,
    root: toHex(head.root),
    text: checkpointText(run, head),
    keyId: toHex(keyId(originOf(run), publicKey)),
    signature: toHex(signature),
    note: checkpointNote({ run, publicKey }, head, signature),
  });
});

test('entries.json: a chain of entries, their lines, and losses as text', async () => {
  const { key, manifest } = await signedRun();
  const signature = toHex(await sign(key.signing, manifestSignedBytes(manifest)));
  const base = toHex(filled(2));
  const created = nextEntry(null, 5, { kind: 'run-created', body: { manifest: toHex(manifest), signature } });
  const opened = nextEntry(created, 5.9, { kind: 'round-opened', body: { round: 1, attempt: 1, base } });
  const refused = nextEntry(opened, 2 ** 41, {
    kind: 'refused',
    body: { round: 1, counts: { TOO_LATE: 2 } },
  });
  // The third is halfway between two decimals of 8 digits and takes the one further from zero.
  const losses = [0, -0, 16.0078125, 2.3, -0.1, 1000, 1e-7, 1e-6, 2 ** -149, 1e21].map((value) => {
    const bytes = bytesOfVector(Float32Array.of(value));
    return { f32: toHex(bytes), text: lossText(Math.fround(value)) };
  });
  const entries = [created, opened, refused].map((entry) => ({ ...entry, line: lineOf(entry) }));
  await expectVectors('entries', { entries, losses });
});

/** Bytes as hex and bigints as text. */
function plain(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const texts = Object.entries(values).map(([name, value]) => [
    name,
    value instanceof Uint8Array ? toHex(value) : typeof value === 'bigint' ? String(value) : value,
  ]);
  return Object.fromEntries(texts);
}
