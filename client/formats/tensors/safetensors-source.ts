import * as v from 'valibot';
import { printable, TapestryError } from '../../errors.ts';
import { parseJson } from '../json.ts';
import type { ByteSource } from './byte-source.ts';
import { headerEnd, parseHeader } from './safetensors-header.ts';
import type { StoredTensor } from './stored-tensor.ts';

export interface StoredTensors {
  readonly tensors: readonly StoredTensor[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** The F32, F16 and BF16 tensors of a safetensors file; only its header is read. Throws `safetensors.*`. */
export async function openSafetensors(source: ByteSource): Promise<StoredTensors> {
  const start = await source.read(0, Math.min(8, source.size));
  const header = await source.read(0, Math.min(headerEnd(start), source.size));
  const { body, entries, metadata } = parseHeader(header, source.size);
  const tensors = entries.map(({ name, type, shape, begin }): StoredTensor => {
    if (type !== 'U8') return { name, shape, type, source, offset: body + begin };
    throw new TapestryError(
      'safetensors.unsupported-type',
      `The tensor ${printable(name)} holds U8, which are no weights.`,
      'Use a file of weights in F32, F16 or BF16.',
    );
  });
  return { tensors, metadata };
}

/** The most files of one model. */
const maxShards = 1024;
const fileName = v.pipe(
  v.string(),
  v.regex(/^[\w.-]{1,200}\.safetensors$/, 'a file has a name that is not plain'),
);
const indexSchema = v.object({ weight_map: v.record(v.string(), fileName) });

/**
 * The tensors of a model in several files, from its model.safetensors.index.json. `open` gives a file of the same folder by
 * its name, which holds no path.
 * @throws TapestryError `safetensors.bad-index`, or what `openSafetensors` throws
 */
export async function openShards(
  index: Uint8Array,
  open: (name: string) => Promise<ByteSource>,
): Promise<StoredTensors> {
  const places = indexOf(index);
  const names = [...new Set(places.values())];
  if (places.size === 0) throw badIndex('it names no tensor');
  if (names.length > maxShards)
    throw badIndex(`it names ${names.length} files; at most ${maxShards} are read`);
  const tensors: StoredTensor[] = [];
  let metadata: StoredTensors['metadata'] = {};
  for (const name of names) {
    const file = await openSafetensors(await open(name));
    tensors.push(...file.tensors.filter((tensor) => places.get(tensor.name) === name));
    metadata = { ...metadata, ...file.metadata };
  }
  if (tensors.length !== places.size) throw badIndex('it names tensors that are not in their files');
  return { tensors, metadata };
}

function indexOf(bytes: Uint8Array): ReadonlyMap<string, string> {
  try {
    return new Map(Object.entries(v.parse(indexSchema, parseJson(bytes)).weight_map));
  } catch (error) {
    throw badIndex(error instanceof Error ? error.message : String(error));
  }
}

function badIndex(why: string): TapestryError {
  return new TapestryError(
    'safetensors.bad-index',
    `model.safetensors.index.json cannot be used: ${why}.`,
    'Get all files of the model again.',
  );
}
