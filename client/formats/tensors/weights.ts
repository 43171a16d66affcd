import { printable, TapestryError } from '../../errors.ts';
import { fileShapeOf, fileSizeOf, type PaddedShape, spreadPadding } from './padding.ts';
import { readTensor, type StoredTensor } from './stored-tensor.ts';

/** Positions of tensors in the flat parameter vector. Values between them are zero. */
export interface FlatLayout {
  readonly tensors: readonly (PaddedShape & {
    readonly name: string;
    /** Offset in elements. */
    readonly offset: number;
    readonly size: number;
  })[];
  readonly length: number;
}

/**
 * Reads a model's tensors, named as transformers names them, into a flat vector. Every tensor of the layout must be there with
 * its shape, and no other, apart from what old files hold besides: RoPE's frequencies, and a copy of a tied head.
 * @throws TapestryError `model.bad-tensors` or `model.not-finite`
 */
export async function readWeights(
  stored: readonly StoredTensor[],
  layout: FlatLayout,
  tiedHead: boolean,
): Promise<Float32Array<ArrayBuffer>> {
  const found = matched(stored, layout, tiedHead); // before allocating, so that the files' real sizes bound the vector's
  const parameters = new Float32Array(layout.length);
  for (const { tensor, place } of found) {
    const values = parameters.subarray(place.offset, place.offset + place.size);
    await readPadded(tensor, place, values);
    refuseNotFinite(place.name, values);
  }
  return parameters;
}

/** Reads a tensor into its place in memory. */
export async function readPadded(
  tensor: StoredTensor,
  place: PaddedShape,
  values: Float32Array,
): Promise<void> {
  await readTensor(tensor, values.subarray(0, fileSizeOf(place)));
  spreadPadding(place, values);
}

type Place = FlatLayout['tensors'][number];

function matched(
  stored: readonly StoredTensor[],
  { tensors: places }: FlatLayout,
  tiedHead: boolean,
): { readonly tensor: StoredTensor; readonly place: Place }[] {
  const byName = new Map(stored.map((tensor) => [tensor.name, tensor]));
  const found = places.map((place) => {
    const tensor = byName.get(place.name);
    if (tensor === undefined) throw bad(`The tensor ${place.name} is missing.`);
    const expected = fileShapeOf(place);
    if (tensor.shape.join() !== expected.join())
      throw bad(
        `The tensor ${place.name} has the shape [${tensor.shape.join(', ')}]; [${expected.join(', ')}] is expected.`,
      );
    byName.delete(place.name);
    return { tensor, place };
  });
  const table = places.find(({ name }) => name === 'model.embed_tokens.weight');
  for (const { name, shape } of byName.values()) {
    const isCopy =
      tiedHead &&
      name === 'lm_head.weight' &&
      table !== undefined &&
      shape.join() === fileShapeOf(table).join();
    if (!isCopy && !name.endsWith('rotary_emb.inv_freq'))
      throw bad(`The tensor ${printable(name)} is not part of the model that its configuration describes.`);
  }
  return found;
}

function bad(message: string): TapestryError {
  return new TapestryError(
    'model.bad-tensors',
    message,
    'Use the configuration and the weights of the same model.',
  );
}

/** Throws `model.not-finite`. */
export function refuseNotFinite(name: string, values: Float32Array): void {
  const index = values.findIndex((value) => !Number.isFinite(value));
  if (index < 0) return;
  throw new TapestryError(
    'model.not-finite',
    `The tensor ${name} holds ${values[index]} at ${index}.`,
    'Use an earlier base, and verify the run that this one came from.',
  );
}
