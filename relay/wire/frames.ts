import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { sha256 } from '@noble/hashes/sha2.js';
import { checkMessage, WireError } from './strict.ts';
import {
  type Evaluation,
  EvaluationSchema,
  type Manifest,
  ManifestSchema,
  type Model,
  RefusalCode,
  type SignedManifest,
  SignedManifestSchema,
  type Strategy,
  type ToNode,
  ToNodeSchema,
  type ToRelay,
  ToRelaySchema,
} from './tapestry_pb.js';

export { WireError } from './strict.ts';

/** The version that Challenge and Join name; both sides speak this version only. */
export const protocolVersion = 2;

/** The subprotocol that a WebSocket between node and relay names, and the path it opens. */
export const subprotocol = 'tapestry.v2';
export const socketPath = '/node';

/** Where a node that cannot open a WebSocket sends and receives frames by HTTP, and the headers of these requests. */
export const framesPath = '/node/frames';
export const frameHeaders = { protocol: 'tapestry-protocol', connection: 'tapestry-connection' } as const;

/** How a node reaches its relay's sockets. */
export const socketNames = { subprotocol, framesPath, frameHeaders } as const;

/** `GET` on this path answers with a SignedManifest of at most so many bytes. */
export const manifestPath = '/manifest';
export const maxSignedManifestBytes = 65536 + 128;

/** An evaluator's `POST` on this path has an Evaluation of at most so many bytes. */
export const evaluationsPath = '/evaluations';
export const maxEvaluationBytes = 512;

/**
 * The subprotocol that a relay picks from those that a node offers: its own if offered, else another version's. Challenge
 * and Join have the same field numbers in every version, so the relay can answer that node with WRONG_PROTOCOL. Null if no
 * version is offered.
 */
export function pickSubprotocol(offered: Iterable<string>): string | null {
  const versions = [...offered].filter((name) => /^tapestry\.v\d{1,4}$/.test(name));
  return versions.includes(subprotocol) ? subprotocol : (versions[0] ?? null);
}

/** Chunk.data's limit, and the longest frame that can carry it: a relay reads no longer frame from a node. */
export const maxChunkBytes = 65536;
export const maxFrameToRelay = maxChunkBytes + 64;

/** `Join.corpus` of a node whose corpus the manifest does not list. */
export const unlistedCorpus = 0xffff_ffff;

/** One message in the form of protobuf-es' oneof: `{ case: 'offer', value: Offer }`. */
export type MessageToRelay = Exclude<ToRelay['message'], { case: undefined }>;
export type MessageToNode = Exclude<ToNode['message'], { case: undefined }>;

/** A message to encode: `value` may be a plain object, but must have every field. */
export type DraftToRelay = Draft<typeof ToRelaySchema>;
export type DraftToNode = Draft<typeof ToNodeSchema>;
type Draft<Schema extends typeof ToRelaySchema | typeof ToNodeSchema> = Exclude<
  NonNullable<Exclude<MessageInitShape<Schema>, MessageShape<Schema>>['message']>,
  { case: undefined }
>;

/** A message in which some oneofs are known to be set. */
type Chosen<M, OneOf extends keyof M> = M & { [Name in OneOf]: Exclude<M[Name], { case: undefined }> };

/** A strategy that passed the border; see `WholeManifest`. */
export type WholeStrategy = Chosen<Strategy, 'inner' | 'schedule' | 'precision' | 'outer' | 'part'>;

/** A model that passed the border; see `WholeManifest`. */
export type WholeModel = Chosen<Model, 'ropeScaling'>;

/** A manifest that passed the border: protobuf's types leave messages and oneofs optional, but here they are present. */
export type WholeManifest = Chosen<
  Manifest,
  | ('tokenizer' | 'codec' | 'merge' | 'lane' | 'guard' | 'norm' | 'pace' | 'downlink' | 'quality')
  | 'contributionReaders'
> & { readonly strategy: WholeStrategy; readonly model: WholeModel } & {
  [Part in 'limits']-?: NonNullable<Manifest[Part]>;
};

/** Throws WireError for a message that the other side would refuse, so that a mistake is found by its sender. */
export function encodeToRelay(message: DraftToRelay): Uint8Array<ArrayBuffer> {
  return encode(ToRelaySchema, { message });
}

/** Throws only WireError (MALFORMED, OUT_OF_LIMIT or NOT_FINITE), for any bytes. */
export function decodeToRelay(bytes: Uint8Array): MessageToRelay {
  const { message } = decode(ToRelaySchema, bytes);
  if (message.case === undefined) throw new WireError(RefusalCode.MALFORMED, 'no message');
  return message;
}

/** Like `encodeToRelay`. */
export function encodeToNode(message: DraftToNode): Uint8Array<ArrayBuffer> {
  return encode(ToNodeSchema, { message });
}

/** Like `decodeToRelay`. */
export function decodeToNode(bytes: Uint8Array): MessageToNode {
  const { message } = decode(ToNodeSchema, bytes);
  if (message.case === undefined) throw new WireError(RefusalCode.MALFORMED, 'no message');
  return message;
}

/** Like `encodeToRelay`. */
export function encodeManifest(manifest: MessageInitShape<typeof ManifestSchema>): Uint8Array<ArrayBuffer> {
  return encode(ManifestSchema, manifest);
}

/** Like `decodeToRelay`. */
export function decodeManifest(bytes: Uint8Array): WholeManifest {
  const manifest = decode(ManifestSchema, bytes);
  if (!isWhole(manifest)) throw new WireError(RefusalCode.MALFORMED, 'the manifest lacks a part');
  return manifest;
}

function isWhole(manifest: Manifest): manifest is WholeManifest {
  const { model, strategy, limits } = manifest;
  const { tokenizer, codec, merge, lane, guard, norm, pace, downlink, quality, contributionReaders } =
    manifest;
  if (model === undefined || strategy === undefined || limits === undefined) return false;
  const { inner, schedule, precision, outer, part } = strategy;
  const parts = [tokenizer, codec, merge, lane, guard, norm, pace, downlink, quality, contributionReaders];
  const choices = [...parts, model.ropeScaling, inner, schedule, precision, outer, part];
  return choices.every((choice) => choice.case !== undefined);
}

/** Like `encodeToRelay`. */
export function encodeSignedManifest(
  signed: MessageInitShape<typeof SignedManifestSchema>,
): Uint8Array<ArrayBuffer> {
  return encode(SignedManifestSchema, signed);
}

/** Like `decodeToRelay`. The signature and the manifest in it are not checked. */
export function decodeSignedManifest(bytes: Uint8Array): SignedManifest {
  return decode(SignedManifestSchema, bytes);
}

/** Like `encodeToRelay`. */
export function encodeEvaluation(
  evaluation: MessageInitShape<typeof EvaluationSchema>,
): Uint8Array<ArrayBuffer> {
  return encode(EvaluationSchema, evaluation);
}

/** Like `decodeToRelay`. The signature is not checked. */
export function decodeEvaluation(bytes: Uint8Array): Evaluation {
  return decode(EvaluationSchema, bytes);
}

/** A run's id: the SHA-256 of its manifest's bytes. */
export function runIdOf(manifestBytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(sha256(manifestBytes));
}

function encode<Schema extends DescMessage>(
  schema: Schema,
  init: MessageInitShape<Schema>,
): Uint8Array<ArrayBuffer> {
  const message = create(schema, init);
  checkMessage(schema, message);
  return toBinary(schema, message);
}

/**
 * Strict: a message that passes has every field, is within its limits and is in its canonical encoding. Reading drops
 * unknown fields, so a frame that has one encodes to fewer bytes and is refused like any other encoding that is not
 * canonical.
 */
function decode<Schema extends DescMessage>(schema: Schema, bytes: Uint8Array): MessageShape<Schema> {
  let message: MessageShape<Schema>;
  try {
    message = fromBinary(schema, bytes, { readUnknownFields: false });
  } catch (cause) {
    throw new WireError(RefusalCode.MALFORMED, 'not a message of this protocol', { cause });
  }
  checkMessage(schema, message);
  if (!sameBytes(toBinary(schema, message), bytes)) {
    throw new WireError(RefusalCode.MALFORMED, 'not the canonical encoding');
  }
  return message;
}

/** Compares four bytes at a time: a relay does this with every chunk that is uploaded. */
function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  const [one, other] = [viewOf(a), viewOf(b)];
  let at = 0;
  for (; at + 4 <= a.length; at += 4) if (one.getUint32(at) !== other.getUint32(at)) return false;
  for (; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
