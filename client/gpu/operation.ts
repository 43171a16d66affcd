import type { ShaderName } from '../../shaders/index.ts';
import type { Adapter } from './device.ts';

/** How activations, and the weights that kernels read, are kept. Sums, moments and weight gradients are float32 always. */
export type Storage = 'f32' | 'f16';

/** Values of a shader's override constants, and of the constants of its text. */
export type Overrides = Readonly<Record<string, number>>;

/** Columns, lines and layers of workgroups. */
export type Workgroups = readonly [x: number, y: number, z: number];

/** One way to run an operation. */
export interface Variant<Shape> {
  /** Unique within its operation. */
  readonly name: string;
  readonly shader: ShaderName;
  readonly entry: string;
  /** A value for every override constant of the shader. */
  readonly overrides: (shape: Shape) => Overrides;
  readonly workgroups: (shape: Shape) => Workgroups;
  /** Whether this adapter can run it on this shape at all. */
  readonly fits: (adapter: Adapter, shape: Shape, storage: Storage) => boolean;
  /** Where it is likely fast, before anything is measured. */
  readonly suits: 'processor' | 'graphics' | 'any';
  /** Where that depends on the shape: those that are large enough for it. */
  readonly pays?: (shape: Shape) => boolean;
}

/** What is computed, whichever variant does it. */
export interface Operation<Shape> {
  readonly name: string;
  /** The uniform `Shape` of every variant's shader, in 32-bit words. */
  readonly words: (shape: Shape) => readonly number[];
  /** The first is the reference: it runs on every adapter, with either storage. */
  readonly variants: readonly [Variant<Shape>, ...Variant<Shape>[]];
  /** Of each binding that holds indices, how many things they number: what the tuner draws them from. */
  readonly indices?: (shape: Shape) => Readonly<Record<string, number>>;
}

/** A variant with everything that a shape decides. */
export interface Candidate {
  readonly variant: string;
  readonly shader: ShaderName;
  readonly entry: string;
  readonly overrides: Overrides;
  readonly workgroups: Workgroups;
}

/** An operation on a shape on an adapter: what a choice between variants is made for. */
export interface Site {
  /** Equal sites have equal keys. */
  readonly key: string;
  readonly operation: string;
  readonly words: readonly number[];
  readonly storage: Storage;
  readonly indices: Readonly<Record<string, number>>;
  /** Those that fit; the first is the reference. */
  readonly candidates: readonly [Candidate, ...Candidate[]];
  /** Without measurement: the last that fits, suits the adapter and pays. */
  readonly guess: Candidate;
}

/** Site keys and the names of the variants that were measured to be best there. */
export type Choices = ReadonlyMap<string, string>;

export function siteOf<Shape>(
  operation: Operation<Shape>,
  shape: Shape,
  adapter: Adapter,
  storage: Storage,
): Site {
  const candidate = ({ name, shader, entry, overrides, workgroups }: Variant<Shape>): Candidate => ({
    variant: name,
    shader,
    entry,
    overrides: overrides(shape),
    workgroups: workgroups(shape),
  });
  const [reference, ...others] = operation.variants;
  const fitting = others.filter((variant) => variant.fits(adapter, shape, storage));
  const kind = adapter.software ? 'processor' : 'graphics';
  const suitable = fitting.findLast(
    ({ suits, pays }) => (suits === kind || suits === 'any') && (pays?.(shape) ?? true),
  );
  const words = operation.words(shape);
  return {
    key: `${operation.name} ${storage} ${words.join(' ')}`,
    operation: operation.name,
    words,
    storage,
    indices: operation.indices?.(shape) ?? {},
    candidates: [candidate(reference), ...fitting.map(candidate)],
    guess: candidate(suitable ?? reference),
  };
}

/** The variant chosen for a site; its guess where there is no choice, or none of this name any more. */
export function chosen({ key, candidates, guess }: Site, choices: Choices): Candidate {
  const name = choices.get(key);
  return candidates.find(({ variant }) => variant === name) ?? guess;
}
