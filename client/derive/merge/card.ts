import type { MergeRecord } from '../../formats/lineage/record.ts';

/** The metadata of a merged model's weights. It says that no run may train them together. */
export function mergeMetadata({ weights, parents, recipe }: MergeRecord): Record<string, string> {
  return {
    'tapestry.kind': 'derivative',
    'tapestry.weights': weights,
    'tapestry.parents': parents.map((parent) => parent.weights).join(','),
    'tapestry.recipe': recipe,
  };
}

/** The model card of a merged model: YAML front matter for model hubs, then a description for people. */
export function mergedCard({ weights, method, parents, recipe, code }: MergeRecord): string {
  const rows = parents.map((parent) => `| Parent | \`${parent.weights}\` |`);
  return `---
library_name: transformers
pipeline_tag: text-generation
tags: [tapestry, llama, derivative, merge]
---

# A merge of ${parents.length} models

Its values were computed from those of the models below by \`${method}\`, without training. Its files say
\`tapestry.kind=derivative\`, and trainers and relays of a base refuse it. Its licence follows from those of its parents.

| | |
|---|---|
| Weights | \`${weights}\` |
${rows.join('\n')}
| Recipe | \`${recipe}\` |
| Merged by | Tapestry ${code} |

\`lineage.json\` says where each parent was read.

\`\`\`sh
tapestry generate --model . --prompt 'All human beings '
\`\`\`
`;
}
