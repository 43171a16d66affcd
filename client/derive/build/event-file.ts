import type { Measurement } from './measurement.ts';

/*
 * TensorBoard's event file: records of TFRecord framing (tensorflow/core/lib/io/record_writer.h), each an Event message
 * (tensorflow/core/util/event.proto). Only the few fields that a scalar needs are written here.
 */

/** The measurements as a TensorBoard event file, with a tag such as `0-instruct/loss` for each value of each stage. */
export function eventFile(
  measurements: readonly Measurement[],
  kinds: readonly string[],
): Uint8Array<ArrayBuffer> {
  const first = measurements[0]?.at ?? 0;
  const events = [event(first, 0, text(3, 'brain.Event:2'))];
  for (const { stage, step, at, values } of measurements)
    for (const [name, value] of Object.entries(values)) {
      const summary = bytes(1, join([text(1, `${stage}-${kinds[stage]}/${name}`), float(2, value)]));
      events.push(event(at, step, bytes(5, summary)));
    }
  return join(events.map(record));
}

/** Event: wall_time = 1 (seconds), step = 2, then what it says. */
function event(at: number, step: number, what: Uint8Array): Uint8Array<ArrayBuffer> {
  return join([double(1, at / 1000), varint((2 << 3) | 0), varint(step), what]);
}

/** Length, its checksum, the data, its checksum. */
function record(data: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(data.length), true);
  return join([length, word(maskedCrc(length)), data, word(maskedCrc(data))]);
}

const encoder = new TextEncoder();

function text(field: number, value: string): Uint8Array<ArrayBuffer> {
  return bytes(field, encoder.encode(value));
}

function bytes(field: number, value: Uint8Array): Uint8Array<ArrayBuffer> {
  return join([varint((field << 3) | 2), varint(value.length), value]);
}

function float(field: number, value: number): Uint8Array<ArrayBuffer> {
  const four = new Uint8Array(4);
  new DataView(four.buffer).setFloat32(0, value, true);
  return join([varint((field << 3) | 5), four]);
}

function double(field: number, value: number): Uint8Array<ArrayBuffer> {
  const eight = new Uint8Array(8);
  new DataView(eight.buffer).setFloat64(0, value, true);
  return join([varint((field << 3) | 1), eight]);
}

function varint(value: number): Uint8Array<ArrayBuffer> {
  const parts: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) parts.push((rest & 0x7f) | 0x80);
  return Uint8Array.of(...parts, rest);
}

function word(value: number): Uint8Array<ArrayBuffer> {
  const four = new Uint8Array(4);
  new DataView(four.buffer).setUint32(0, value, true);
  return four;
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** CRC-32C (Castagnoli), rotated and shifted as TFRecord does. */
function maskedCrc(data: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1;
  }
  const whole = ~crc >>> 0;
  return (((whole >>> 15) | (whole << 17)) + 0xa282_ead8) >>> 0;
}
