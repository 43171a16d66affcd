import type { Slice } from '../../wire/codec/codec.ts';
import { type Fragments, type PartName, valuesOf } from '../../wire/fragments.ts';
import type { OpenPart, Part } from '../merge/merge.ts';
import { beginOf, type Range } from './ranges.ts';

/** A contribution as it is read, without its tokens. */
export type ReadPart = Omit<Part, 'tokens'>;

/** The values of a delta of this part. Throws RangeError where the run does not grant it: no such contribution is accepted. */
export function grantedValues(fragments: Fragments, part: PartName): number {
  const values = valuesOf(fragments, part);
  if (values === null) throw new RangeError('a contribution is of a part that the run does not grant');
  return values;
}

/** A contribution of `name` as one that has the values of `range` alone, which it must have. Their indices are counted from 0. */
export function inRange(part: ReadPart, name: PartName, range: Range, fragments: Fragments): ReadPart {
  const start = range.from - beginOf(fragments, name);
  if (start === 0 && range.length === grantedValues(fragments, name)) return part;
  const decodeOf =
    (decode: OpenPart['decode']): OpenPart['decode'] =>
    (take, { from, to } = { from: 0, to: range.length }) =>
      decode((slice) => take(moved(slice, start)), {
        from: start + from,
        to: start + Math.min(to, range.length),
      });
  return {
    payload: part.payload,
    decode: decodeOf(part.decode),
    open: async () => {
      const { bytes, decode } = await part.open();
      return { bytes, decode: decodeOf(decode) };
    },
  };
}

/** The same integers at indices that are lower by `start`. */
function moved({ from, to, integers, indices }: Slice, start: number): Slice {
  const own = start === 0 || indices === null ? indices : indices.map((index) => index - start);
  return { from: from - start, to: to - start, integers, indices: own };
}
