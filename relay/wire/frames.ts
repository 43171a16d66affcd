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
  type Manifest,
  ManifestSchema,
  RefusalCode,
  type ToNode,
  ToNodeSchema,
  type ToRelay,
  ToRelaySchema,
} from './tapestry_pb.js';

export { WireError } from './strict.ts';

/** What Challenge and Join name; both sides speak this version and no other. */
export const protocolVersion = 1;

/** The subprotocol that a WebSocket between node and relay names, and the path it opens. */
export const subprotocol = 'tapestry.v1';
export const socketPath = '/node';

/** Chunk.data's limit, and the longest frame that can carry it: nothing longer is ever read from a node. */
export const maxChunkBytes = 65536;
export const maxFrameToRelay = maxChunkBytes + 64;

/** `Join.nation` of a node whose corpus the manifest does not list. */
export const unlistedNation = 0xffff_ffff;

/** One message as protobuf-es gives a oneof: `{ case: 'offer', value: Offer }`. */
export type MessageToRelay = Exclude<ToRelay['message'], { case: undefined }>;
export type MessageToNode = Exclude<ToNode['message'], { case: undefined }>;

/** The same to be written: `value` may be a plain object, but must have every field. */
export type DraftToRelay = Draft<typeof ToRelaySchema>;
export type DraftToNode = Draft<typeof ToNodeSchema>;
type Draft<Schema extends typeof ToRelaySchema | typeof ToNodeSchema> = Exclude<
  NonNullable<Exclude<MessageInitShape<Schema>, MessageShape<Schema>>['message']>,
  { case: undefined }
>;

/** A manifest that passed the border: protobuf's types leave sub-messages optional, but in it they are present. */
export type WholeManifest = Manifest & {
  [Part in 'model' | 'strategy' | 'codec' | 'limits']-?: NonNullable<Manifest[Part]>;
};

/** Throws WireError for what the other side would refuse, so that a fault shows where it was made. */
export function encodeToRelay(message: DraftToRelay): Uint8Array<ArrayBuffer> {
  return encode(ToRelaySchema, { message });
}

/** Throws WireError with MALFORMED, OUT_OF_LIMIT or NOT_FINITE, and nothing else, whatever the bytes. */
export function decodeToRelay(bytes: Uint8Array): MessageToRelay {
  const { message } = decode(ToRelaySchema, bytes);
  if (message.case === undefined) throw new WireError(RefusalCode.MALFORMED, 'no message');
  return message;
}

/** As `encodeToRelay`. */
export function encodeToNode(message: DraftToNode): Uint8Array<ArrayBuffer> {
  return encode(ToNodeSchema, { message });
}

/** As `decodeToRelay`. */
export function decodeToNode(bytes: Uint8Array): MessageToNode {
  const { message } = decode(ToNodeSchema, bytes);
  if (message.case === undefined) throw new WireError(RefusalCode.MALFORMED, 'no message');
  return message;
}

/** As `encodeToRelay`. */
export function encodeManifest(manifest: MessageInitShape<typeof ManifestSchema>): Uint8Array<ArrayBuffer> {
  return encode(ManifestSchema, manifest);
}

/** As `decodeToRelay`. */
export function decodeManifest(bytes: Uint8Array): WholeManifest {
  const manifest = decode(ManifestSchema, bytes);
  if (!isWhole(manifest)) throw new WireError(RefusalCode.MALFORMED, 'the manifest lacks a part');
  return manifest;
}

function isWhole(manifest: Manifest): manifest is WholeManifest {
  const { model, strategy, codec, limits } = manifest;
  return model !== undefined && strategy !== undefined && codec !== undefined && limits !== undefined;
}

/** A run's name: the SHA-256 of its manifest's bytes. */
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
 * Strict: what passes is present in full, within its limits, and the only encoding of itself. Unknown fields are
 * dropped on reading, so a frame that has one re-encodes shorter and is refused like any other second spelling.
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

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
