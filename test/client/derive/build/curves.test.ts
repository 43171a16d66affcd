import { expect, test } from 'vitest';
import { curvesCsv, curvesJsonl } from '../../../../client/derive/build/curves.ts';
import { eventFile } from '../../../../client/derive/build/event-file.ts';
import type { Measurement } from '../../../../client/derive/build/measurement.ts';

const measurements: readonly Measurement[] = [
  { stage: 0, step: 0, at: 1_700_000_000_000, values: { loss: 2.5, base_loss: 1.25 } },
  { stage: 1, step: 300, at: 1_700_000_060_000, values: { training_loss: 0.5, accuracy: 0.75 } },
];
const kinds = ['continue', 'prefer'];

test('the table has a column for every value, empty where it was not measured', () => {
  expect(curvesCsv(measurements, kinds)).toBe(
    'stage,kind,step,time,training_loss,loss,base_loss,accuracy,raw_accuracy,margin,chosen,rejected,reward,length,spread,repetition,divergence,training_reward,dropped_groups,failed_rewards\n' +
      '0,continue,0,2023-11-14T22:13:20.000Z,,2.5,1.25,,,,,,,,,,,,,\n' +
      '1,prefer,300,2023-11-14T22:14:20.000Z,0.5,,,0.75,,,,,,,,,,,,\n',
  );
  const lines = curvesJsonl(measurements, kinds).trim().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { stage: 0, kind: 'continue', step: 0, loss: 2.5 },
    { stage: 1, kind: 'prefer', step: 300, accuracy: 0.75 },
  ]);
});

/** Bit by bit, as RFC 3720 (appendix B.4) describes it. */
function crc32c(bytes: Uint8Array): number {
  const remainder = [...bytes].reduce((crc, byte) => {
    let next = crc ^ byte;
    for (let bit = 0; bit < 8; bit++) next = (next >>> 1) ^ (0x82f63b78 & -(next & 1));
    return next;
  }, -1);
  return ~remainder >>> 0;
}

/** The records of a TFRecord file, whose checksums are those of the format. */
function* records(file: Uint8Array<ArrayBuffer>): Generator<Uint8Array> {
  const view = new DataView(file.buffer);
  const masked = (bytes: Uint8Array) => {
    const crc = crc32c(bytes);
    return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  };
  for (let at = 0; at < file.length; ) {
    const length = Number(view.getBigUint64(at, true));
    expect(view.getUint32(at + 8, true)).toBe(masked(file.subarray(at, at + 8)));
    const data = file.subarray(at + 12, at + 12 + length);
    expect(view.getUint32(at + 12 + length, true)).toBe(masked(data));
    yield data;
    at += 16 + length;
  }
}

/** The fields of a protobuf message, by number: numbers, or bytes. */
function fieldsOf(message: Uint8Array): Map<number, number | Uint8Array> {
  const fields = new Map<number, number | Uint8Array>();
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  let at = 0;
  const varint = () => {
    let [value, factor, byte] = [0, 1, 0x80];
    for (; byte >= 0x80; factor *= 128) {
      byte = message[at++] ?? 0;
      value += (byte & 0x7f) * factor;
    }
    return value;
  };
  while (at < message.length) {
    const tag = varint();
    const [field, type] = [tag >> 3, tag & 7];
    const length = type === 0 ? 0 : type === 1 ? 8 : type === 5 ? 4 : varint();
    if (type === 0) fields.set(field, varint());
    else if (type === 1) fields.set(field, view.getFloat64(at, true));
    else if (type === 5) fields.set(field, view.getFloat32(at, true));
    else fields.set(field, message.subarray(at, at + length));
    at += length;
  }
  return fields;
}

test("a TensorBoard event file holds each value under its stage's tag", () => {
  expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
  const decode = (bytes: unknown) => (bytes instanceof Uint8Array ? new TextDecoder().decode(bytes) : bytes);
  const events = [...records(eventFile(measurements, kinds))].map(fieldsOf);
  expect(decode(events[0]?.get(3))).toBe('brain.Event:2');
  const scalars = events.slice(1).map((event) => {
    const summary = event.get(5);
    const value = summary instanceof Uint8Array ? fieldsOf(summary).get(1) : undefined;
    const fields = value instanceof Uint8Array ? fieldsOf(value) : new Map();
    return [event.get(1), event.get(2), decode(fields.get(1)), fields.get(2)];
  });
  expect(scalars).toEqual([
    [1_700_000_000, 0, '0-continue/loss', 2.5],
    [1_700_000_000, 0, '0-continue/base_loss', 1.25],
    [1_700_000_060, 300, '1-prefer/training_loss', 0.5],
    [1_700_000_060, 300, '1-prefer/accuracy', 0.75],
  ]);
});
