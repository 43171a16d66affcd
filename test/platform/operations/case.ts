import type { Adapter } from '../../../client/gpu/device.ts';
import { type Operation, type Site, type Storage, siteOf } from '../../../client/gpu/operation.ts';
import type { Binding, ProgramBuilder } from '../../../client/gpu/program.ts';

/** How a buffer's values are kept: in the program's storage, or in one way always; a struct word by word. */
export type Encoding = 'stored' | 'f32' | 'u32' | readonly ('f32' | 'u32')[];

/** A buffer before an operation. Each value is one that its encoding holds exactly. */
export interface Given {
  readonly encoding: Encoding;
  readonly values: Float64Array;
}

/** One operation on one shape: what it is given, and what float64 makes of it. */
export interface Case {
  readonly operation: string;
  /** For people. */
  readonly shape: string;
  /** By the name of the binding. */
  readonly given: Readonly<Record<string, Given>>;
  /** Of each binding that the operation may write; `NaN` where it must leave the value that was given. */
  readonly expected: Readonly<Record<string, Float64Array>>;
  /** What errors are relative to where the expected values are shorter, such as a gradient that cancels to nothing. */
  readonly least: number;
  readonly site: (adapter: Adapter, storage: Storage) => Site;
  readonly record: (program: ProgramBuilder, bindings: Readonly<Record<string, Binding>>) => void;
}

/** `expected` may only name what is given. */
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
