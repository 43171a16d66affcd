import type { BuildRecord } from './lineage/record.ts';

/** The model card of a derivative: YAML front matter for model hubs, then a description for people. */
export function derivativeCard({ weights, parents, recipe, code, stages }: BuildRecord): string {
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
${parents.map((parent) => `| Parent | \`${parent.weights}\` |`).join('\n')}
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
