import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import * as v from 'valibot';
import type { SamplerState } from '../data/sampler.ts';
import { TapestryError } from '../errors.ts';
import { decodeSafetensors, encodeSafetensors } from '../formats/safetensors.ts';
import { type KernelRecord, kernelRecordSchema } from '../gpu/kernel-record.ts';
import type { TrainerState } from './training.ts';

/** A training run between two steps: with the same kernels on the same adapter it goes on with the same bits. */
export interface Checkpoint {
  readonly state: TrainerState;
  readonly sampler: SamplerState;
  readonly kernels: KernelRecord;
}

/*
 * A safetensors file: three flat vectors over the model's layout, and as metadata all the rest, as JSON, with a seal over
 * everything, since safetensors itself does not notice a changed bit.
 */
const kind = 'tapestry.kind';
const version = 'tapestry.checkpoint';
const recipeKey = 'tapestry.recipe';
const progressKey = 'tapestry.progress';
const sealKey = 'tapestry.seal';
const currentVersion = '2';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const float = v.pipe(v.number(), v.finite(), v.minValue(0));
const progressSchema = v.strictObject({
  step: count,
  scaling: v.optional(
    v.strictObject({
      lossScale: float,
      goodSteps: count,
      firstWeight: float,
      secondWeight: float,
      appliedSteps: count,
      skippedSteps: count,
      stuckSteps: count,
    }),
  ),
  // `Sampler.restore` is what checks the rest of it.
  sampler: v.object({
    tokens: v.string(),
    batch: count,
    sequence: count,
    random: v.strictTuple([v.number(), v.number(), v.number(), v.number()]),
  }),
  kernels: kernelRecordSchema,
});

/**
 * Names a run by all that decides its bits: SHA-256, in hex, of a JSON-able recipe (model, batch, optimizer, schedule,
 * seed, storage), whatever the order of its keys.
 */
export function recipeHash(recipe: object): string {
  return bytesToHex(sha256(utf8ToBytes(JSON.stringify(recipe, sortedKeys))));
}

function sortedKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A checkpoint's file; `recipe` is what `recipeHash` says of the run. */
export async function encodeCheckpoint(
  recipe: string,
  { state, sampler, kernels }: Checkpoint,
): Promise<Uint8Array<ArrayBuffer>> {
  const { step, scaling, parameters, firstMoment, secondMoment } = state;
  const vectors = { parameters, firstMoment, secondMoment };
  const progress = JSON.stringify({ step, scaling, sampler, kernels });
  const tensors = Object.entries(vectors).map(([name, values]) => ({ name, shape: [values.length], values }));
  return encodeSafetensors(tensors, {
    [kind]: 'checkpoint',
    [version]: currentVersion,
    [recipeKey]: recipe,
    [progressKey]: progress,
    [sealKey]: await sealOf(recipe, progress, Object.values(vectors)),
  });
}

/**
 * The checkpoint of the run `recipe`. Throws TapestryError `checkpoint.damaged`, `.version`, or `.other-run` where the file
 * belongs to a run of another recipe.
 */
export async function decodeCheckpoint(bytes: Uint8Array<ArrayBuffer>, recipe: string): Promise<Checkpoint> {
  const { tensors, metadata } = opened(bytes);
  if (metadata[kind] !== 'checkpoint') throw damaged('is no checkpoint');
  if (metadata[version] !== currentVersion)
    throw new TapestryError(
      'checkpoint.version',
      `The checkpoint has version ${metadata[version]}; version ${currentVersion} is read.`,
      'Go on with the version of Tapestry that wrote it, or start the run afresh.',
    );
  if (metadata[recipeKey] !== recipe)
    throw new TapestryError(
      'checkpoint.other-run',
      'The checkpoint belongs to a run with another model, batch, optimizer, schedule, seed or storage.',
      'Give the settings that the run began with, or another place for the checkpoint of this one.',
    );
  const [parameters, firstMoment, secondMoment] = ['parameters', 'firstMoment', 'secondMoment'].map(
    (name) => tensors.get(name)?.values,
  );
  if (!parameters || !firstMoment || !secondMoment) throw damaged('lacks a vector');
  const progress = metadata[progressKey] ?? '';
  const seal = await sealOf(recipe, progress, [parameters, firstMoment, secondMoment]);
  if (metadata[sealKey] !== seal) throw damaged('has been changed');
  const { step, scaling, sampler, kernels } = v.parse(progressSchema, JSON.parse(progress));
  const state = { step, parameters, firstMoment, secondMoment, ...(scaling && { scaling }) };
  return { state, sampler, kernels };
}

function opened(bytes: Uint8Array<ArrayBuffer>): ReturnType<typeof decodeSafetensors> {
  try {
    return decodeSafetensors(bytes);
  } catch (cause) {
    throw damaged('cannot be read', cause);
  }
}

async function sealOf(
  recipe: string,
  progress: string,
  vectors: readonly Float32Array<ArrayBuffer>[],
): Promise<string> {
  const digests = await Promise.all(vectors.map((vector) => crypto.subtle.digest('SHA-256', vector)));
  const parts = [recipe, progress, ...digests.map((digest) => bytesToHex(new Uint8Array(digest)))];
  return bytesToHex(sha256(utf8ToBytes(parts.join('\n'))));
}

function damaged(what: string, cause?: unknown): TapestryError {
  return new TapestryError(
    'checkpoint.damaged',
    `The checkpoint ${what}.`,
    'Go on from an older checkpoint, or remove it to start the run afresh.',
    { cause },
  );
}
