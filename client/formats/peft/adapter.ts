import { printable, TapestryError } from '../../errors.ts';
import { encodeSafetensors } from '../safetensors.ts';
import { fileShapeOf, withoutPadding } from '../tensors/padding.ts';
import type { StoredTensors } from '../tensors/safetensors-source.ts';
import type { StoredTensor } from '../tensors/stored-tensor.ts';
import { type FlatLayout, readPadded, refuseNotFinite } from '../tensors/weights.ts';
import { encodePeftSettings, type PeftSettings, parsePeftSettings } from './settings.ts';

/** The files of an adapter's folder, by name. */
export interface PeftFolder {
  readonly 'adapter_model.safetensors': Uint8Array<ArrayBuffer>;
  readonly 'adapter_config.json': Uint8Array<ArrayBuffer>;
}

/** An adapter whose values have not been read. */
export interface PeftAdapter extends PeftSettings {
  /** The name of the model that it adapts, if it says one. */
  readonly baseModel: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  /** By their names without PEFT's prefix, such as `model.layers.0.self_attn.q_proj.lora_A.weight`. */
  readonly tensors: readonly StoredTensor[];
}

const prefix = 'base_model.model.';

/** Encodes an adapter whose tensors lie in a flat vector. Throws `model.not-finite`. */
export function encodePeftAdapter(
  settings: PeftSettings,
  { tensors }: FlatLayout,
  values: Float32Array,
  notes: { readonly baseModel: string; readonly metadata: Readonly<Record<string, string>> },
): PeftFolder {
  const named = tensors.map((place) => {
    const { name, offset, size } = place;
    const own = withoutPadding(place, values.subarray(offset, offset + size));
    refuseNotFinite(name, own);
    return { name: `${prefix}${name}`, shape: fileShapeOf(place), values: own };
  });
  return {
    'adapter_model.safetensors': encodeSafetensors(named, { format: 'pt', ...notes.metadata }),
    'adapter_config.json': encodePeftSettings(settings, notes.baseModel),
  };
}

/** Reads what an adapter's files say; the values are not read. Throws `peft.bad-config` or `peft.bad-tensors`. */
export function openPeftAdapter(configJson: Uint8Array, { tensors, metadata }: StoredTensors): PeftAdapter {
  const settings = parsePeftSettings(configJson);
  return {
    ...settings,
    metadata,
    tensors: tensors.map((tensor) => {
      if (!tensor.name.startsWith(prefix)) throw bad(`The tensor ${printable(tensor.name)} is no adapter's.`);
      // PEFT 0.9 to 0.11 wrote magnitudes as modules.
      return {
        ...tensor,
        name: tensor.name.slice(prefix.length).replace(/(_magnitude_vector)\.weight$/, '$1'),
      };
    }),
  };
}

/** Reads an adapter's values into the flat vector of a layout, which must have exactly its tensors. */
export async function readPeftValues(
  { tensors }: PeftAdapter,
  layout: FlatLayout,
): Promise<Float32Array<ArrayBuffer>> {
  const stored = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const sizeOf = (shape: readonly number[]) => shape.filter((extent) => extent !== 1).join();
  const found = layout.tensors.map((place) => {
    const tensor = stored.get(place.name);
    if (tensor === undefined) throw bad(`The tensor ${place.name} is missing.`);
    // Magnitudes are vectors or, in some versions, columns.
    const expected = fileShapeOf(place);
    if (sizeOf(tensor.shape) !== sizeOf(expected))
      throw bad(
        `The tensor ${place.name} has the shape [${tensor.shape.join(', ')}]; [${expected.join(', ')}] is expected.`,
      );
    stored.delete(place.name);
    return { tensor, place };
  });
  const [extra] = stored.keys();
  if (extra !== undefined)
    throw bad(`The tensor ${printable(extra)} is not one that adapter_config.json describes.`);
  const values = new Float32Array(layout.length);
  for (const { tensor, place } of found) {
    const own = values.subarray(place.offset, place.offset + place.size);
    await readPadded(tensor, place, own);
    refuseNotFinite(place.name, own);
  }
  return values;
}

function bad(message: string): TapestryError {
  return new TapestryError(
    'peft.bad-tensors',
    message,
    'Use adapter_config.json and adapter_model.safetensors of one adapter, and the model that it was made for.',
  );
}
