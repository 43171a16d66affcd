import * as v from 'valibot';
import { between, named, string, whole } from '../recipe/values.ts';

/** The methods by mergekit's names. */
export const methods = ['linear', 'slerp', 'ties', 'dare_ties'] as const;

/** How the values of the result are stored. */
export const numberNames = ['float32', 'float16', 'bfloat16'] as const;

/** A number from `least` to `most`, several along the layers, or one of these for each group of tensors. */
const varied = (least: number, most: number) => {
  const one = between(least, most);
  const along = v.union([one, v.pipe(v.array(one), v.minLength(1), v.maxLength(1000))]);
  const conditions = v.pipe(
    v.array(v.strictObject({ filter: v.optional(string), value: along })),
    v.minLength(1),
    v.maxLength(1000),
  );
  return v.union(
    [along, conditions],
    `must be a number from ${least} to ${most}, a list of them along the layers, or a list of filter and value`,
  );
};

const modelParameters = {
  weight: v.optional(varied(-1000, 1000)),
  density: v.optional(varied(0, 1)),
};

const entry = v.strictObject(
  { model: string, parameters: v.nullish(v.strictObject(modelParameters, 'must be a mapping')) },
  'must be a mapping with a model',
);

export const mergeSchema = v.strictObject({
  merge_method: named(methods),
  base_model: v.optional(string),
  models: v.pipe(v.array(entry, 'must be a list'), v.minLength(1, 'must not be empty'), v.maxLength(32)),
  parameters: v.nullish(
    v.strictObject(
      {
        ...modelParameters,
        t: v.optional(varied(0, 1)),
        lambda: v.optional(between(-1000, 1000)),
        // Older recipes write 1.0 for true.
        normalize: v.optional(
          v.pipe(
            v.union([v.boolean(), v.picklist([0, 1])], 'must be true or false'),
            v.transform((value) => value === true || value === 1),
          ),
        ),
        int8_mask: v.optional(v.unknown()),
      },
      'must be a mapping',
    ),
  ),
  dtype: v.optional(named(numberNames)),
  out_dtype: v.optional(named(numberNames)),
  tokenizer_source: v.optional(named(['base'])),
  /** What DARE draws from. */
  seed: v.optional(whole(0, 0xffff_ffff)),
  slices: v.optional(v.custom<never>(() => false, 'cannot be merged here: name whole models in models')),
});

export type MergeKeys = v.InferOutput<typeof mergeSchema>;

/** All keys, for suggestions. */
export const mergeKeys: readonly string[] = [
  ...Object.keys(mergeSchema.entries).filter((key) => key !== 'slices'),
  ...Object.keys(modelParameters),
  ...['t', 'lambda', 'normalize'],
];

/** Keys of mergekit that change nothing here. */
export const ignoredMergeKeys = new Set(['name']);
