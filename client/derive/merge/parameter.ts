type AlongLayers = number | readonly number[];

/** A parameter of a merge: a number, several along the layers, or the first of these whose filter fits the tensor's name. */
export type MergeParameter = AlongLayers | readonly Condition[];

interface Condition {
  /** Part of a tensor's name; `*` or none fits all. */
  readonly filter?: string | undefined;
  readonly value: AlongLayers;
}

/** The place of a tensor between the first layer, 0, and the last, 1. The embedding is at 0; what follows the layers is at 1. */
export function depthOf(tensor: string, layers: number): number {
  const layer = /^model\.layers\.(\d+)\./.exec(tensor)?.[1];
  if (layer === undefined) return tensor.startsWith('model.embed_tokens.') ? 0 : 1;
  return layers > 1 ? Number(layer) / (layers - 1) : 1;
}

/**
 * The value of a parameter for a tensor at a depth from 0 to 1, between the two nearest numbers of a list; null if no filter
 * fits. The rules are those of `evaluate_setting` in mergekit's config.py.
 */
export function parameterAt(parameter: MergeParameter, tensor: string, depth: number): number | null {
  if (typeof parameter === 'number') return parameter;
  const numbers = parameter.filter((each) => typeof each === 'number');
  if (numbers.length > 0) return along(numbers, depth);
  const conditions = parameter.filter((each) => typeof each !== 'number');
  const fit = conditions.find(({ filter = '*' }) => filter === '*' || tensor.includes(filter));
  if (fit === undefined) return null;
  return typeof fit.value === 'number' ? fit.value : along(fit.value, depth);
}

function along(numbers: readonly number[], depth: number): number {
  const place = depth * (numbers.length - 1);
  const before = Math.floor(place);
  const first = numbers[before] ?? Number.NaN;
  const second = numbers[before + 1] ?? first;
  return first + (place - before) * (second - first);
}
