import type { ShaderName } from '../../shaders/index.ts';
import type { Precision } from '../../shaders/shader.ts';
import type { Adapter } from './device.ts';

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
  /** True if this adapter can run it on this shape. */
  readonly fits: (adapter: Adapter, shape: Shape, storage: Precision) => boolean;
  /** The kind of adapter on which it is likely fast; used without measurements. */
  readonly prefers: 'processor' | 'graphics' | 'any';
  /** True if the shape is large enough for it to be fast; absent if every shape is. */
  readonly worthwhile?: (shape: Shape) => boolean;
}

/** A computation, independent of the variants that implement it. */
export interface Operation<Shape> {
  readonly name: string;
  /** The uniform `Shape` of every variant's shader, in 32-bit words. */
  readonly words: (shape: Shape) => readonly number[];
  /** The first is the reference: it runs on every adapter, with either storage. */
  readonly variants: readonly [Variant<Shape>, ...Variant<Shape>[]];
  /** For each binding that holds indices, the number of valid indices; the tuner draws random indices below it. */
  readonly indices?: (shape: Shape) => Readonly<Record<string, number>>;
}

/** A variant with all values that depend on the shape. */
export interface Candidate {
  readonly variant: string;
  readonly shader: ShaderName;
  readonly entry: string;
  readonly overrides: Overrides;
  readonly workgroups: Workgroups;
}

/** An operation on a shape on an adapter, for which one of several variants is chosen. */
export interface Site {
  /** Equal sites have equal keys. It begins with the operation's name, which has no space. */
  readonly key: string;
  readonly operation: string;
  readonly words: readonly number[];
  readonly storage: Precision;
  readonly indices: Readonly<Record<string, number>>;
  /** The variants that fit; the first is the reference. */
  readonly candidates: readonly [Candidate, ...Candidate[]];
  /** The choice without a measurement: the last candidate that prefers this kind of adapter and is worthwhile at the shape. */
  readonly guess: Candidate;
}

/** An operation's variant, for all shapes. */
export interface VariantName {
  readonly operation: string;
  readonly variant: string;
}

/** The measured choices: names of variants by site key. */
export type Choices = ReadonlyMap<string, string>;

/** The name of the operation of a site with this key. */
export function operationOf(key: Site['key']): string {
  return key.slice(0, key.indexOf(' '));
}

export function siteOf<Shape>(
  operation: Operation<Shape>,
  shape: Shape,
  adapter: Adapter,
  storage: Precision,
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
    ({ prefers, worthwhile }) => (prefers === kind || prefers === 'any') && (worthwhile?.(shape) ?? true),
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

/** The variant chosen for a site; its guess if there is no choice, or the chosen variant no longer exists. */
export function chosen({ key, candidates, guess }: Site, choices: Choices): Candidate {
  const name = choices.get(key);
  return candidates.find(({ variant }) => variant === name) ?? guess;
}
