import { type DescField, type DescMessage, getOption, hasOption, type Message } from '@bufbuild/protobuf';
import { isReflectMessage, type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import {
  length as exactLength,
  max_items as maxItems,
  max_length as maxLength,
  max_magnitude as maxMagnitude,
  max_value as maxValue,
  min_items as minItems,
  min_length as minLength,
  RefusalCode,
} from './tapestry_pb.js';

/** Bytes or values that the border refuses; `code` is the code of the Refusal. */
export class WireError extends Error {
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WireError';
    this.code = code;
  }
}

/**
 * Checks a message and every message in it against tapestry.proto: each field is present (of a oneof, exactly one), and
 * each number, length and enum is within the limit written beside it. The limits are read from the descriptors, so a new
 * message needs no code. Throws WireError MALFORMED, OUT_OF_LIMIT or NOT_FINITE.
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
      checkCount(field, list.size);
      for (const item of list) checkValue(field, item);
    } else if (message.isSet(field)) {
      checkValue(field, message.get(field));
    } else if (!field.oneof) {
      throw new WireError(RefusalCode.MALFORMED, `${field} is missing`);
    }
  }
}

/** A value, or one item of a list. */
function checkValue(field: DescField, value: unknown): void {
  if (value instanceof Uint8Array || typeof value === 'string') checkLength(field, value.length);
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

function checkCount(field: DescField, items: number): void {
  const outside =
    (hasOption(field, minItems) && items < getOption(field, minItems)) ||
    (hasOption(field, maxItems) && items > getOption(field, maxItems));
  if (outside) throw new WireError(RefusalCode.OUT_OF_LIMIT, `${field} has ${items} items`);
}

function checkLength(field: DescField, length: number): void {
  const outside =
    (hasOption(field, exactLength) && length !== getOption(field, exactLength)) ||
    (hasOption(field, minLength) && length < getOption(field, minLength)) ||
    (hasOption(field, maxLength) && length > getOption(field, maxLength));
  if (outside) throw new WireError(RefusalCode.OUT_OF_LIMIT, `${field} has length ${length}`);
}
