import { type DescField, type DescMessage, getOption, hasOption, type Message } from '@bufbuild/protobuf';
import { isReflectMessage, type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import {
  length as exactLength,
  max_length as maxLength,
  max_magnitude as maxMagnitude,
  max_value as maxValue,
  RefusalCode,
} from './tapestry_pb.js';

/** Why bytes are refused at the border; `code` is what the Refusal says. */
export class WireError extends Error {
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WireError';
    this.code = code;
  }
}

/**
 * Holds a message, and all in it, to what tapestry.proto says: every field present (of a oneof, exactly one), every
 * number, length and enum within the limit written beside it. Read from the descriptors: a new message needs no code.
 */
export function checkMessage(schema: DescMessage, message: Message): void {
  checkFields(reflect(schema, message, false));
}

function checkFields(message: ReflectMessage): void {
  for (const oneof of message.desc.oneofs) {
    if (!message.oneofCase(oneof)) throw new WireError(RefusalCode.MALFORMED, `${oneof.parent} is empty`);
  }
  for (const field of message.fields) {
    if (field.fieldKind === 'list') {
      const list = message.get(field);
      checkLength(field, list.size);
      for (const item of list) checkItem(field, item);
    } else if (message.isSet(field)) {
      checkValue(field, message.get(field));
    } else if (!field.oneof) {
      throw new WireError(RefusalCode.MALFORMED, `${field} is missing`);
    }
  }
}

function checkValue(field: DescField, value: unknown): void {
  if (value instanceof Uint8Array || typeof value === 'string') checkLength(field, value.length);
  checkItem(field, value);
}

/** A value, or one item of a list: a list's length limit counts its items, so it is not looked at here. */
function checkItem(field: DescField, value: unknown): void {
  if (isReflectMessage(value)) {
    checkFields(value);
  } else if (field.enum) {
    if (value === 0 || !field.enum.values.some(({ number }) => number === value)) {
      throw new WireError(RefusalCode.OUT_OF_LIMIT, `${field} is none of ${field.enum}`);
    }
  } else if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new WireError(RefusalCode.MALFORMED, `${field} is not well-formed`);
  } else if (typeof value === 'bigint' || typeof value === 'number') {
    checkNumber(field, value);
  }
}

function checkNumber(field: DescField, value: bigint | number): void {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new WireError(RefusalCode.NOT_FINITE, `${field} is ${value}`);
  }
  const outside =
    (hasOption(field, maxValue) && value > getOption(field, maxValue)) ||
    (hasOption(field, maxMagnitude) && Math.abs(Number(value)) > getOption(field, maxMagnitude));
  if (outside) throw new WireError(RefusalCode.OUT_OF_LIMIT, `${field} is ${value}`);
}

function checkLength(field: DescField, length: number): void {
  const outside =
    (hasOption(field, exactLength) && length !== getOption(field, exactLength)) ||
    (hasOption(field, maxLength) && length > getOption(field, maxLength));
  if (outside) throw new WireError(RefusalCode.OUT_OF_LIMIT, `${field} has length ${length}`);
}
