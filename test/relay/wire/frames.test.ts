import {
  create,
  type DescMessage,
  fromBinary,
  getOption,
  hasOption,
  ScalarType,
  toBinary,
} from '@bufbuild/protobuf';
import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeManifest,
  decodeSignedManifest,
  decodeToNode,
  decodeToRelay,
  encodeManifest,
  encodeToNode,
  encodeToRelay,
  maxChunkBytes,
  maxFrameToRelay,
  runIdOf,
} from '../../../relay/wire/frames.ts';
import {
  ChunkSchema,
  length as exactLength,
  Fate,
  HostKind,
  ManifestSchema,
  max_items as maxItems,
  max_length as maxLength,
  NodeState,
  RefusalCode,
  SignedManifestSchema,
  ToNodeSchema,
  ToRelaySchema,
} from '../../../relay/wire/tapestry_pb.js';
import { refusalCodeOf } from '../../support/wire/refusal-code.ts';
import { arbitraryOf } from './arbitrary.ts';

const decoders = [
  { name: 'ToRelay', schema: ToRelaySchema, decode: decodeToRelay },
  { name: 'ToNode', schema: ToNodeSchema, decode: decodeToNode },
  { name: 'Manifest', schema: ManifestSchema, decode: decodeManifest },
  { name: 'SignedManifest', schema: SignedManifestSchema, decode: decodeSignedManifest },
] as const;

/** Every message type that a message of `schema` can hold, itself included. */
function reachable(schema: DescMessage, seen = new Set<DescMessage>()): Set<DescMessage> {
  if (!seen.has(schema)) {
    seen.add(schema);
    for (const field of schema.fields) if (field.message) reachable(field.message, seen);
  }
  return seen;
}

const zeros = (length: number) => new Uint8Array(length);

const heartbeat = {
  round: 1,
  state: NodeState.TRAINING,
  steps: 3,
  tokens: 4096,
  trainingLoss: 2.5,
  tokensPerSecond: 1e5,
  bytesDownloaded: 1n,
};

describe('what the schema cannot say', () => {
  test("no field of a node's messages is a string, a map, a list or bytes without a limit", () => {
    const free: string[] = [];
    let fields = 0;
    for (const message of reachable(ToRelaySchema)) {
      for (const field of message.fields) {
        fields++;
        if (field.fieldKind === 'list' || field.fieldKind === 'map') free.push(String(field));
        if (field.fieldKind !== 'scalar') continue;
        if (field.scalar === ScalarType.STRING) free.push(String(field));
        if (field.scalar !== ScalarType.BYTES) continue;
        if (hasOption(field, exactLength)) continue;
        expect(field.parent).toBe(ChunkSchema);
        if (!hasOption(field, maxLength)) free.push(String(field));
        expect(getOption(field, maxLength)).toBe(maxChunkBytes);
      }
    }
    expect(free).toEqual([]);
    expect(fields).toBeGreaterThan(25);
  });

  test("every string, list and bytes field of a relay's messages is limited", () => {
    for (const message of [...reachable(ToNodeSchema), ...reachable(ManifestSchema), SignedManifestSchema]) {
      for (const field of message.fields) {
        if (field.fieldKind === 'list') expect(hasOption(field, maxItems), String(field)).toBe(true);
        const scalar = field.fieldKind === 'scalar' || field.fieldKind === 'list' ? field.scalar : undefined;
        if (scalar === ScalarType.STRING || scalar === ScalarType.BYTES)
          expect(hasOption(field, exactLength) || hasOption(field, maxLength), String(field)).toBe(true);
      }
    }
  });

  const sizes = new Map<string, number>();
  for (const kind of ToRelaySchema.fields.filter(({ message }) => message && message !== ChunkSchema)) {
    test(`${kind.name} has the same size for all values`, () => {
      if (!kind.message) throw new Error('not a message');
      fc.assert(
        fc.property(arbitraryOf(kind.message), (value) => {
          const message = create(ToRelaySchema, { message: { case: kind.localName, value } } as never);
          const { length } = toBinary(ToRelaySchema, message);
          expect(decodeToRelay(toBinary(ToRelaySchema, message)).case).toBe(kind.localName);
          expect(length).toBe(sizes.get(kind.name) ?? length);
          sizes.set(kind.name, length);
        }),
      );
    });
  }

  test('a Chunk has a fixed number of bytes more than its data, below the frame limit', () => {
    const whole = encodeToRelay({ case: 'chunk', value: { offset: 0, data: zeros(maxChunkBytes) } });
    expect(whole.length).toBeLessThanOrEqual(maxFrameToRelay);
    for (const length of [60_000, 20_000, 16_500]) {
      const frame = encodeToRelay({ case: 'chunk', value: { offset: 0xffff_ffff, data: zeros(length) } });
      expect(frame.length - length).toBe(whole.length - maxChunkBytes);
    }
  });
});

describe.each(decoders)('$name', ({ schema, decode }) => {
  const frames = arbitraryOf(schema).map((plain) =>
    toBinary(schema as DescMessage, create(schema as DescMessage, plain)),
  );

  test('a decoded message encodes to the same bytes', () => {
    fc.assert(
      fc.property(frames, (frame) => {
        expect(refusalCodeOf(() => decode(frame))).toBe('passed');
        expect(toBinary(schema as DescMessage, fromBinary(schema as DescMessage, frame))).toEqual(frame);
      }),
    );
  });

  test('every proper prefix is refused', () => {
    fc.assert(
      fc.property(frames, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (frame, part) => {
        expect(refusalCodeOf(() => decode(frame.subarray(0, Math.floor(part * frame.length))))).not.toBe(
          'passed',
        );
      }),
    );
  });

  test('any unknown field is refused', () => {
    const unknown = fc.oneof(
      fc.constant([0xf8, 0x07, 0x01]), // field 127, varint
      fc.constant([0xfd, 0x07, 1, 2, 3, 4]), // field 127, fixed32
      fc.uint8Array({ maxLength: 100 }).map((bytes) => [0xfa, 0x07, bytes.length, ...bytes]), // field 127, bytes
      fc.constant([0xfb, 0x07, 0xfc, 0x07]), // field 127, an empty group
    );
    fc.assert(
      fc.property(frames, unknown, fc.boolean(), (frame, field, before) => {
        const longer = Uint8Array.from(before ? [...field, ...frame] : [...frame, ...field]);
        expect(refusalCodeOf(() => decode(longer))).toBe(RefusalCode.MALFORMED);
      }),
    );
  });

  test('flipped bits give a refusal or another valid message, never another error', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.nat(), { minLength: 1, maxLength: 4 }), (frame, flips) => {
        const broken = Uint8Array.from(frame);
        for (const flip of flips) {
          const at = (flip >>> 3) % broken.length;
          broken[at] = (broken[at] ?? 0) ^ (1 << (flip & 7));
        }
        const outcome = refusalCodeOf(() => decode(broken));
        expect(['passed', RefusalCode.MALFORMED, RefusalCode.OUT_OF_LIMIT, RefusalCode.NOT_FINITE]).toContain(
          outcome,
        );
      }),
      { numRuns: 2000 },
    );
  });

  test('random bytes and huge declared lengths are refused quickly', () => {
    const declared = fc
      .tuple(fc.constantFrom(0x0a, 0x12, 0x1a, 0x22), fc.uint8Array({ minLength: 1, maxLength: 9 }))
      .map(([tag, length]) => Uint8Array.from([tag, ...length.map((byte) => byte | 0x80), 0x7f]));
    const nested = fc.integer({ min: 1, max: 60_000 }).map((depth) => zeros(depth).fill(0x0b));
    const started = performance.now();
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 600 }), declared, nested), (bytes) => {
        expect(refusalCodeOf(() => decode(bytes))).not.toBe('passed');
      }),
      { numRuns: 2000 },
    );
    expect(performance.now() - started).toBeLessThan(60_000);
  });
});

describe('refusals have stable codes', () => {
  const encodedUnchecked = (message: unknown) =>
    toBinary(ToRelaySchema, create(ToRelaySchema, { message } as never));

  test.each([
    [
      'a missing field',
      { case: 'heartbeat', value: { ...heartbeat, round: undefined } },
      RefusalCode.MALFORMED,
    ],
    [
      'an enum left unspecified',
      { case: 'heartbeat', value: { ...heartbeat, state: 0 } },
      RefusalCode.OUT_OF_LIMIT,
    ],
    [
      'an enum nobody knows',
      { case: 'heartbeat', value: { ...heartbeat, state: 77 } },
      RefusalCode.OUT_OF_LIMIT,
    ],
    [
      'too many tokens',
      { case: 'heartbeat', value: { ...heartbeat, tokens: 2 ** 24 + 1 } },
      RefusalCode.OUT_OF_LIMIT,
    ],
    [
      'too great a loss',
      { case: 'heartbeat', value: { ...heartbeat, trainingLoss: 1001 } },
      RefusalCode.OUT_OF_LIMIT,
    ],
    [
      'too small a loss',
      { case: 'heartbeat', value: { ...heartbeat, trainingLoss: -1001 } },
      RefusalCode.OUT_OF_LIMIT,
    ],
    ['NaN', { case: 'heartbeat', value: { ...heartbeat, trainingLoss: Number.NaN } }, RefusalCode.NOT_FINITE],
    [
      'infinity',
      { case: 'heartbeat', value: { ...heartbeat, tokensPerSecond: Infinity } },
      RefusalCode.NOT_FINITE,
    ],
    ['no message', undefined, RefusalCode.MALFORMED],
    [
      'too long a chunk',
      { case: 'chunk', value: { offset: 0, data: zeros(65537) } },
      RefusalCode.OUT_OF_LIMIT,
    ],
    [
      'a key of another length',
      {
        case: 'join',
        value: {
          protocol: 1,
          run: zeros(32),
          publicKey: zeros(31),
          host: HostKind.NODE,
          corpus: 0,
          tokenProof: zeros(32),
          signature: zeros(64),
        },
      },
      RefusalCode.OUT_OF_LIMIT,
    ],
  ])('%s', (_, message, code) => {
    expect(refusalCodeOf(() => decodeToRelay(encodedUnchecked(message)))).toBe(code);
    if (message) expect(refusalCodeOf(() => encodeToRelay(message as never))).toBe(code);
  });

  test('a field given twice, and an over-long number', () => {
    const leave = encodeToRelay({ case: 'leave', value: { round: 1 } });
    expect([...leave]).toEqual([0x2a, 5, 0x0d, 1, 0, 0, 0]);
    expect(refusalCodeOf(() => decodeToRelay(Uint8Array.from([...leave, ...leave])))).toBe(
      RefusalCode.MALFORMED,
    );
    const overlong = Uint8Array.from([0x2a, 0x85, 0, 0x0d, 1, 0, 0, 0]);
    expect(refusalCodeOf(() => decodeToRelay(overlong))).toBe(RefusalCode.MALFORMED);
  });

  test('a NaN in any encoding is refused as NaN and not as a second encoding', () => {
    const frame = encodeToRelay({ case: 'heartbeat', value: { ...heartbeat, trainingLoss: 0 } });
    const loss = frame.findIndex((byte, at) => byte === 0x2d && at > 2);
    for (const bits of [0x7fc00000, 0xffc00001, 0x7f800001]) {
      const broken = Uint8Array.from(frame);
      new DataView(broken.buffer).setUint32(loss + 1, bits, true);
      expect(refusalCodeOf(() => decodeToRelay(broken))).toBe(RefusalCode.NOT_FINITE);
    }
  });

  test('lone surrogates in a manifest', () => {
    const [manifest] = fc.sample(arbitraryOf(ManifestSchema), 1);
    expect(refusalCodeOf(() => encodeManifest({ ...manifest, name: '\ud800' }))).toBe(RefusalCode.MALFORMED);
    const bytes = encodeManifest({ ...manifest, name: 'ab' });
    const at = bytes.findIndex((byte, i) => byte === 0x61 && bytes[i + 1] === 0x62);
    bytes[at] = 0xff;
    expect(refusalCodeOf(() => decodeManifest(bytes))).toBe(RefusalCode.MALFORMED);
  });
});

test.each([
  ['no item', []],
  ['too many items', Array.from({ length: 9 }, () => zeros(32))],
  ['an item of another length', [zeros(32), zeros(31)]],
])('a list with %s is refused', (_, state) => {
  const own = { fate: Fate.NONE, share: 0, weight: 0 };
  const commit = { round: 1, state, contributions: 1, tokens: 1n, checkpoint: zeros(1), ...own };
  const message = { case: 'commit', value: commit } as const;
  expect(refusalCodeOf(() => encodeToNode(message))).toBe(RefusalCode.OUT_OF_LIMIT);
  const bytes = toBinary(ToNodeSchema, create(ToNodeSchema, { message }));
  expect(refusalCodeOf(() => decodeToNode(bytes))).toBe(RefusalCode.OUT_OF_LIMIT);
});

test('a commit without a checkpoint is refused', () => {
  const own = { fate: Fate.NONE, share: 0, weight: 0 };
  const commit = { round: 1, state: [zeros(32)], contributions: 1, tokens: 1n, ...own };
  const encode = (checkpoint: Uint8Array) => () =>
    encodeToNode({ case: 'commit', value: { ...commit, checkpoint } });
  expect(refusalCodeOf(encode(zeros(0)))).toBe(RefusalCode.OUT_OF_LIMIT);
  expect(refusalCodeOf(encode(zeros(1024)))).toBe('passed');
});

test("a run's id is the SHA-256 of its manifest", () => {
  fc.assert(
    fc.property(arbitraryOf(ManifestSchema), (manifest) => {
      const bytes = encodeManifest(manifest);
      expect(runIdOf(bytes)).toEqual(sha256(bytes));
      expect(encodeManifest(decodeManifest(bytes))).toEqual(bytes);
    }),
    { numRuns: 20 },
  );
});

test('a frame to a node is decoded unchanged', () => {
  const nonce = zeros(32).fill(7);
  const challenge = {
    case: 'challenge',
    value: { protocol: 1, nonce, run: zeros(32), tokenNeeded: true },
  } as const;
  const decoded = decodeToNode(encodeToNode(challenge));
  expect(decoded.case).toBe('challenge');
  expect(decoded.value).toMatchObject(challenge.value);
});
