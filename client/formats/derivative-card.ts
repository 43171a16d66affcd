import * as v from 'valibot';
import { TapestryError } from '../errors.ts';
import { parseJson } from './json.ts';

const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const loss = v.nullable(v.pipe(v.number(), v.finite()));

/** Where a derivative comes from. Hashes are SHA-256 in hex. */
const lineageSchema = v.strictObject({
  kind: v.literal('derivative'),
  /** The hash of the weights that the build began with, and the folder that they were read from. */
  parent: hash,
  parentFolder: v.string(),
  recipe: hash,
  build: hash,
  /** Version of the program. */
  code: v.string(),
  stages: v.array(
    v.strictObject({
      kind: v.string(),
      steps: v.number(),
      data: v.array(v.strictObject({ name: v.string(), hash })),
      /** Losses in nats a token, or mean rewards, before the stage and of its result; null if not measured. */
      figures: v.array(
        v.strictObject({
          name: v.picklist(['held-out rows', 'base text', 'reward']),
          before: loss,
          after: loss,
        }),
      ),
    }),
  ),
});

export type Lineage = v.InferOutput<typeof lineageSchema>;

/** Reads a lineage.json. Throws `lineage.damaged`. */
export function parseLineage(bytes: Uint8Array): Lineage {
  try {
    return v.parse(lineageSchema, parseJson(bytes));
  } catch (cause) {
    throw new TapestryError(
      'lineage.damaged',
      `The lineage cannot be read: ${cause instanceof Error ? cause.message : cause}.`,
      'Build the derivative again, or get its folder again.',
      { cause },
    );
  }
}

/** The model card of a derivative: YAML front matter for model hubs, then a description for people. `weights` is their hash. */
export function derivativeCard(weights: string, { parent, recipe, code, stages }: Lineage): string {
  const rows = stages.flatMap(({ kind, steps, figures }, index) =>
    figures.map(
      ({ name, before, after }) =>
        `| ${index + 1} ${kind}, ${steps} steps | ${name} | ${nats(before)} | ${nats(after)} |`,
    ),
  );
  return `---
library_name: transformers
pipeline_tag: text-generation
tags: [tapestry, llama, derivative]
---

# A derivative of a Tapestry base

It was built on one machine, on data that stayed there. Nothing of it can become part of a base: its files say
\`tapestry.kind=derivative\`, and trainers and relays of a base refuse it.

| | |
|---|---|
| Weights | \`${weights}\` |
| Parent | \`${parent}\` |
| Recipe | \`${recipe}\` |
| Built by | Tapestry ${code} |

\`lineage.json\` names the files of each stage by their hashes; \`curves.csv\` has every measurement.

## Measured

Nats a token, on text that was not trained on; a reward is the mean of sampled completions.

| Stage | Text | Before | After |
|---|---|---|---|
${rows.join('\n')}

## Use

\`\`\`sh
tapestry generate --model . --prompt 'All human beings '
\`\`\`
`;
}

function nats(loss: number | null): string {
  return loss === null ? 'not measured' : loss.toFixed(3);
}
