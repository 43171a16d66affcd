import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { TapestryError } from '../errors.ts';
import type { ParameterLayout } from '../model/parameters.ts';
import type { TrainerState } from './training.ts';

/**
 * A trainer's state as bytes, little-endian: 8 bytes of magic, the step (u32), the vector's length (u32), the layout's
 * hash (32 bytes), parameters, first and second moment (f32 each), and the SHA-256 of all before it.
 */
const magic = 'tapstate';
const headerBytes = 8 + 4 + 4 + 32;
const hashBytes = 32;

export function encodeCheckpoint(state: TrainerState, layout: ParameterLayout): Uint8Array<ArrayBuffer> {
  const vectors = [state.parameters, state.firstMoment, state.secondMoment];
  if (vectors.some((vector) => vector.length !== layout.length))
    throw new RangeError('the state is of another layout');
  const bytes = new Uint8Array(headerBytes + 3 * 4 * layout.length + hashBytes);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(magic));
  view.setUint32(8, state.step, true);
  view.setUint32(12, layout.length, true);
  bytes.set(hexToBytes(layout.hash), 16);
  // The platforms that run WebGPU are little-endian, as WebGPU's own buffers are.
  vectors.forEach((vector, i) => {
    new Float32Array(bytes.buffer, headerBytes + i * 4 * layout.length, layout.length).set(vector);
  });
  const body = bytes.subarray(0, bytes.length - hashBytes);
  bytes.set(sha256(body), body.length);
  return bytes;
}

/** Throws TapestryError `checkpoint.damaged` or, for the state of another model, `checkpoint.other-model`. */
export function decodeCheckpoint(bytes: Uint8Array<ArrayBuffer>, layout: ParameterLayout): TrainerState {
  const body = bytes.subarray(0, Math.max(0, bytes.length - hashBytes));
  const told = bytes.subarray(body.length);
  if (
    body.length < headerBytes ||
    new TextDecoder().decode(body.subarray(0, 8)) !== magic ||
    bytesToHex(sha256(body)) !== bytesToHex(told)
  )
    throw new TapestryError(
      'checkpoint.damaged',
      'the saved training state is not whole',
      'remove it; the node then goes on from the current base',
    );
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const length = view.getUint32(12, true);
  if (
    length !== layout.length ||
    body.length !== headerBytes + 3 * 4 * length ||
    bytesToHex(body.subarray(16, headerBytes)) !== layout.hash
  )
    throw new TapestryError(
      'checkpoint.other-model',
      'the saved training state belongs to a model of another shape',
      'use another data folder, or remove the state',
    );
  const vector = (index: number) => {
    const start = headerBytes + index * 4 * length;
    return new Float32Array(body.slice(start, start + 4 * length).buffer);
  };
  return {
    step: view.getUint32(8, true),
    parameters: vector(0),
    firstMoment: vector(1),
    secondMoment: vector(2),
  };
}
