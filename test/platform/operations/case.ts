import type { Adapter } from '../../../client/gpu/device.ts';
import { type Operation, type Site, siteOf } from '../../../client/gpu/operation.ts';
import type { Binding, ProgramBuilder } from '../../../client/gpu/program.ts';
import type { Precision } from '../../../shaders/shader.ts';

/** The encoding of a buffer's values: the program's storage, or a fixed one; a struct word by word. */
export type Encoding = 'stored' | 'f32' | 'u32' | readonly ('f32' | 'u32')[];

/** A buffer before an operation. Each value is one that its encoding holds exactly. */
export interface Given {
  readonly encoding: Encoding;
  readonly values: Float64Array;
}

/** One operation on one shape: its inputs and the float64 results. */
export interface Case {
  readonly operation: string;
  /** A name for messages. */
  readonly shape: string;
  /** The inputs by the name of the binding. */
  readonly given: Readonly<Record<string, Given>>;
  /** The results of each binding that the operation may write; `NaN` where it must keep the given value. */
  readonly expected: Readonly<Record<string, Float64Array>>;
  /** The least length that errors are relative to, for expected values that cancel to almost 0. */
  readonly least: number;
  readonly site: (adapter: Adapter, storage: Precision) => Site;
  readonly record: (program: ProgramBuilder, bindings: Readonly<Record<string, Binding>>) => void;
}

/** `expected` may only name bindings that `given` has. */
export function caseOf<Shape extends object, Name extends string>(
  operation: Operation<Shape>,
  shape: Shape,
  given: Readonly<Record<Name, Given>>,
  expected: Readonly<Partial<Record<NoInfer<Name>, Float64Array>>>,
  least = 0,
): Case {
  return {
    operation: operation.name,
    shape: JSON.stringify(shape),
    given,
    expected: Object.fromEntries(
      Object.entries<Float64Array | undefined>(expected).flatMap(([name, values]) =>
        values === undefined ? [] : [[name, values]],
      ),
    ),
    least,
    site: (adapter, storage) => siteOf(operation, shape, adapter, storage),
    record: (program, bindings) => program.record(operation, shape, bindings),
  };
}
