import { type DescField, type DescMessage, getOption, hasOption, ScalarType } from '@bufbuild/protobuf';
import fc from 'fast-check';
import {
  length as exactLength,
  max_items as maxItems,
  max_length as maxLength,
  max_magnitude as maxMagnitude,
  max_value as maxValue,
  min_items as minItems,
  min_length as minLength,
} from '../../../relay/wire/tapestry_pb.js';

type Plain = Record<string, unknown>;

/** Any valid message of a type, drawn from its descriptor alone, as the argument of `create` with every field present. */
export function arbitraryOf(schema: DescMessage): fc.Arbitrary<Plain> {
  const standalone = schema.fields.filter((field) => !field.oneof);
  const fields = fc.record(Object.fromEntries(standalone.map((field) => [field.localName, fieldOf(field)])));
  const choices = schema.oneofs.map((oneof) =>
    fc
      .oneof(
        ...oneof.fields.map((field) => fieldOf(field).map((value) => ({ case: field.localName, value }))),
      )
      .map((choice) => [oneof.localName, choice] as const),
  );
  return fc
    .tuple(fields, ...choices)
    .map(([plain, ...chosen]) => ({ ...plain, ...Object.fromEntries(chosen) }));
}

function fieldOf(field: DescField): fc.Arbitrary<unknown> {
  if (field.fieldKind === 'list') {
    if (field.listKind === 'enum') throw new Error(`${field} is of a kind the wire does not use`);
    const item = field.listKind === 'message' ? arbitraryOf(field.message) : scalarOf(field, field.scalar);
    return fc.array(item, {
      minLength: hasOption(field, minItems) ? getOption(field, minItems) : 0,
      maxLength: Math.min(8, hasOption(field, maxItems) ? getOption(field, maxItems) : 0),
    });
  }
  if (field.fieldKind === 'message') return arbitraryOf(field.message);
  if (field.fieldKind === 'enum') {
    return fc.constantFrom(...field.enum.values.map(({ number }) => number).filter((n) => n !== 0));
  }
  if (field.fieldKind !== 'scalar') throw new Error(`${field} is of a kind the wire does not use`);
  return scalarOf(field, field.scalar);
}

function scalarOf(field: DescField, scalar: ScalarType): fc.Arbitrary<unknown> {
  const greatest = hasOption(field, maxValue) ? getOption(field, maxValue) : undefined;
  const magnitude = hasOption(field, maxMagnitude) ? getOption(field, maxMagnitude) : undefined;
  switch (scalar) {
    case ScalarType.BYTES: {
      const exact = hasOption(field, exactLength) ? getOption(field, exactLength) : undefined;
      return exact === undefined
        ? fc.uint8Array({
            minLength: hasOption(field, minLength) ? getOption(field, minLength) : 0,
            maxLength: Math.min(2000, limit(field)),
          })
        : fc.uint8Array({ minLength: exact, maxLength: exact });
    }
    case ScalarType.STRING:
      return fc.string({ unit: 'grapheme', maxLength: 20 });
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.FIXED32:
      return fc.integer({ min: 0, max: Number(greatest ?? 0xffff_ffffn) });
    case ScalarType.SFIXED32:
      return fc.integer();
    case ScalarType.FIXED64:
      return fc.bigInt({ min: 0n, max: greatest ?? 2n ** 64n - 1n });
    case ScalarType.FLOAT:
      return fc.float({ min: -Math.fround(magnitude ?? 1), max: Math.fround(magnitude ?? 1), noNaN: true });
    case ScalarType.DOUBLE:
      return fc.double({ min: -(magnitude ?? 1), max: magnitude ?? 1, noNaN: true });
    default:
      throw new Error(`${field} is of a type the wire does not use`);
  }
}

function limit(field: DescField): number {
  return hasOption(field, maxLength) ? getOption(field, maxLength) : 0;
}
