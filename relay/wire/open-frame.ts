import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { reflect } from '@bufbuild/protobuf/reflect';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { decodeToRelay, type MessageToRelay } from './frames.ts';
import { ToRelaySchema } from './tapestry_pb.js';

/** What a field holds: a number, the name of an enum's value, or bytes. */
export type FieldValue = number | string | Uint8Array<ArrayBuffer>;

/** One field of a frame that was opened, as it is on the wire. */
export interface OpenedField {
  /** Its name in tapestry.proto. */
  readonly name: string;
  readonly value: FieldValue;
  /** What the field takes of the frame, its tag and its length included. */
  readonly bytes: number;
}

/** A frame that a node sent, field by field. */
export interface OpenedFrame {
  readonly type: MessageToRelay['case'];
  /** In the order of the wire. Their bytes and `header` together are the whole frame. */
  readonly fields: readonly OpenedField[];
  /** Bytes before the first field: the number of the message in `ToRelay`, and its length. */
  readonly header: number;
}

/**
 * Reads a frame from a node to a relay field by field, by the descriptors of tapestry.proto. Throws what `decodeToRelay` throws for
 * bytes that are no such frame.
 */
export function openFrame(frame: Uint8Array): OpenedFrame {
  const decoded = decodeToRelay(frame);
  const member = ToRelaySchema.fields.find(({ localName }) => localName === decoded.case);
  if (member?.fieldKind !== 'message') throw new TypeError(`ToRelay has no message ${decoded.case}`);
  const reader = new BinaryReader(frame);
  reader.tag();
  reader.uint32();
  const header = reader.pos;
  const values = reflect(member.message, decoded.value, false);
  const fields: OpenedField[] = [];
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [number, wireType] = reader.tag();
    reader.skip(wireType);
    const field = fieldOf(member.message, number);
    fields.push({ name: field.name, value: shown(field, values.get(field)), bytes: reader.pos - start });
  }
  return { type: decoded.case, fields, header };
}

function fieldOf(message: DescMessage, number: number): DescField {
  const field = message.fields.find((one) => one.number === number);
  if (field === undefined) throw new TypeError(`${message} has no field ${number}`);
  return field;
}

function shown(field: DescField, value: unknown): FieldValue {
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (field.enum) return field.enum.values.find(({ number }) => number === value)?.name ?? String(value);
  // The greatest number of 64 bits that a node sends is exact as a number.
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
  throw new TypeError(`${field} is of no kind that a node sends`);
}
