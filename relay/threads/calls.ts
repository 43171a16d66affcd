import type { Compute } from '../run/compute/compute.ts';

/** What a thread is asked. */
export type Calls = Omit<Compute, 'close'>;

/** A call: the method's name and its argument. */
export type Call = {
  readonly [Name in keyof Calls]: {
    readonly id: string;
    readonly name: Name;
    readonly argument: Parameters<Calls[Name]>[0];
  };
}[keyof Calls];

/** What a thread needs to know of the run. */
export interface ThreadPlace {
  readonly folder: string;
  readonly manifest: Uint8Array;
}
