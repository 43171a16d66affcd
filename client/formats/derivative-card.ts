import type { BuildRecord, RebaseRecord } from './lineage/record.ts';

/** The model card of a derivative: YAML front matter for model hubs, then a description for people. `scores` is true for a reward model. */
export function derivativeCard(
  { weights, parents, recipe, code, stages }: BuildRecord | RebaseRecord,
  scores = false,
): string {
  const rows = stages.flatMap(({ kind, steps, figures }, index) =>
    figures.map(
      ({ name, before, after }) =>
        `| ${index + 1} ${kind}, ${steps} steps | ${name} | ${nats(before)} | ${nats(after)} |`,
    ),
  );
  return `---
library_name: transformers
pipeline_tag: ${scores ? 'text-classification' : 'text-generation'}
tags: [tapestry, llama, derivative]
---

# A derivative of a Tapestry base

It was built on one machine, on data that stayed there. Nothing of it can become part of a base: its files say
\`tapestry.kind=derivative\`, and trainers and relays of a base refuse it.

| | |
|---|---|
| Weights | \`${weights}\` |
${parents.map((parent) => `| Parent | \`${parent.weights}\` |`).join('\n')}
| Recipe | \`${recipe}\` |
| Built by | Tapestry ${code} |

\`lineage.json\` names the files of each stage by their hashes; \`curves.csv\` has every measurement.

## Measured

${measures(scores)}

| Stage | Text | Before | After |
|---|---|---|---|
${rows.join('\n')}

## Use

${scores ? scoring : writing}`;
}

function measures(scores: boolean): string {
  return scores
    ? 'On pairs that were not trained on: the loss of a pair in nats, the share of pairs whose chosen answer scores higher, and the mean difference of the scores.'
    : 'Nats a token, on text that was not trained on; a reward is the mean of sampled completions.';
}

const writing = `\`\`\`sh
tapestry generate --model . --prompt 'All human beings '
\`\`\`
`;

const scoring = `It scores an answer where the answer ends: at the end token, which the tokenizer does not add by itself. In a recipe,
a stage of the kind reinforce uses it as a reward: \`rewards: [{kind: judge, model: this folder}]\`.
`;

function nats(loss: number | null): string {
  return loss === null ? 'not measured' : loss.toFixed(3);
}
