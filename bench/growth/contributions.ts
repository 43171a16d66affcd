import { create } from '@bufbuild/protobuf';
import { newRun } from '../../apps/cli/run/new-run.ts';
import { Random } from '../../client/random.ts';
import { systemClock } from '../../relay/run/clock.ts';
import { type NewRun, Run } from '../../relay/run/run.ts';
import { hashOfBytes } from '../../relay/storage/sha256.ts';
import { denseCodec } from '../../relay/wire/codec/dense.ts';
import type { PartName } from '../../relay/wire/fragments.ts';
import { fromHex, type NodeKey, toHex } from '../../relay/wire/hex.ts';
import { tokensOf, unsignedOffer } from '../../relay/wire/offer.ts';
import { offerBytes, sign } from '../../relay/wire/signatures.ts';
import { ChunkSchema, OfferSchema } from '../../relay/wire/tapestry_pb.js';

const chunkBytes = 65_536;

/** A node's key. */
export interface Identity {
  readonly key: NodeKey;
  readonly signing: CryptoKey;
}

export async function identities(count: number): Promise<Identity[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const pair = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify']);
      const key = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
      return { key: toHex(key), signing: pair.privateKey };
    }),
  );
}

/** A run without a guard for synthetic deltas of so many values: a relay knows no model, so their number is free. */
export function syntheticRun(parameters: number, rounds: number, nodes: number): NewRun {
  const created = newRun({
    name: 'synthetic',
    preset: 'nano',
    rounds,
    steps: 1,
    batch: 1,
    corpora: ['synthetic'],
    quorum: nodes,
    deadlineMs: 3_600_000,
    graceMs: 3_600_000,
    maxNodes: nodes,
    readers: 'anyone',
    seed: 1,
    created: 1,
    payloadRounds: 0,
  });
  const { manifest } = created;
  const codec = denseCodec({ bits: 8, block: 256, exponent: -20, maxShift: 12, clipNorm: 37 });
  return {
    manifest: {
      ...manifest,
      model: { ...manifest.model, parameters },
      merge: { case: 'robustMean', value: { tensors: [parameters], normFactor: 1.5 } },
      limits: { ...manifest.limits, payloadBytes: codec.payloadBytes(parameters) },
    },
    initialBase: new Float32Array(parameters),
  };
}

/** A delta's payload, drawn from a seed: a block's values are small integers. */
export function syntheticPayload(length: number, seed: number): Uint8Array<ArrayBuffer> {
  const random = Random.seeded(seed, 3);
  const payload = new Uint8Array(length);
  for (let at = 0; at < length; at++) payload[at] = at % 257 === 0 ? 0 : random.below(3);
  return payload;
}

/** So many different payloads of a run. */
export function preparedPayloads(run: Run, count: number): Uint8Array<ArrayBuffer>[] {
  return Array.from({ length: count }, (_, seed) => syntheticPayload(run.manifest.limits.payloadBytes, seed));
}

/** Offers a payload of so many steps to a run of this process; false if it is refused. */
export async function offer(
  run: Run,
  { key, signing }: Identity,
  payload: Uint8Array<ArrayBuffer>,
  steps: number,
  part: PartName = 'whole',
): Promise<boolean> {
  const { round, base } = run.current();
  const unsigned = unsignedOffer({
    ...{ round, base, payload: hashOfBytes(payload), payloadBytes: payload.length },
    ...{ steps, tokens: tokensOf(run.manifest.strategy, steps), trainingLoss: 2, heldOutLoss: 2, part },
  });
  const signature = await sign(signing, offerBytes(fromHex(run.id), unsigned));
  return 'resume' in (await run.offer(key, create(OfferSchema, { ...unsigned, signature })));
}

/** Uploads the payload that was offered; false if it is refused. */
export async function upload(run: Run, key: NodeKey, payload: Uint8Array<ArrayBuffer>): Promise<boolean> {
  for (let offset = 0; offset < payload.length; offset += chunkBytes) {
    const data = payload.subarray(offset, offset + chunkBytes);
    const answer = await run.chunk(key, create(ChunkSchema, { offset, data }));
    if (answer !== null) return 'acknowledgement' in answer;
  }
  return false;
}

/** Offers and uploads a payload to a run of this process. Throws if it is refused. */
export async function contribute(run: Run, node: Identity, payload: Uint8Array<ArrayBuffer>): Promise<void> {
  const isAccepted = (await offer(run, node, payload, 1)) && (await upload(run, node.key, payload));
  if (!isAccepted) throw new Error('a contribution was refused');
}

/** Writes a run of synthetic contributions to a folder; one round more could follow. */
export async function writeSyntheticRun(
  folder: string,
  {
    parameters,
    rounds,
    nodes,
  }: { readonly parameters: number; readonly rounds: number; readonly nodes: number },
): Promise<void> {
  const run = await Run.open(folder, syntheticRun(parameters, rounds + 1, nodes), systemClock);
  const keys = await identities(nodes);
  const payloads = preparedPayloads(run, rounds * nodes);
  for (const { key } of keys) run.nodeJoined(key, null);
  for (let round = 0; round < rounds; round++) {
    await run.tick();
    await run.tick();
    await Promise.all(
      keys.map((key, i) => contribute(run, key, payloads[round * nodes + i] ?? new Uint8Array())),
    );
  }
  await run.tick();
  await run.tick();
  await run.close();
}
