import type { Operation, Variant } from '../../../gpu/operation.ts';
import { flat } from '../../operations/grid.ts';

/** A number of elements of an adapter's packed matrices, a multiple of 4. */
export interface PackShape {
  readonly length: number;
}

const variants = (entry: 'pack' | 'unpack'): [Variant<PackShape>] => [
  {
    name: 'flat',
    shader: 'pack',
    entry,
    overrides: () => ({ lanes: 64 }),
    workgroups: ({ length }) => flat(length / 4, 64),
    fits: () => true,
    prefers: 'any',
  },
];

const words = ({ length }: PackShape) => [length / 4];

/** Bindings: table (length) of places and factors, parameters, packed. */
export const pack: Operation<PackShape> = { name: 'adapter-pack', words, variants: variants('pack') };

/** Bindings: table, packedGradient, gradient. Elements of the gradient that the table does not name keep their value. */
export const unpack: Operation<PackShape> = { name: 'adapter-unpack', words, variants: variants('unpack') };
