/** Where a merged model comes from. Hashes are SHA-256 in hex. */
export interface MergeLineage {
  readonly kind: 'derivative';
  readonly method: string;
  /** The models, the base first where the method has one. */
  readonly parents: readonly { readonly model: string; readonly hash: string; readonly isBase: boolean }[];
  readonly recipe: string;
  /** Version of the program. */
  readonly code: string;
}

/** The metadata of a merged model's weights, whose hash is `weights`. It says that no run may train them together. */
export function mergeMetadata(weights: string, { parents, recipe }: MergeLineage): Record<string, string> {
  return {
    'tapestry.kind': 'derivative',
    'tapestry.weights': weights,
    'tapestry.parents': parents.map(({ hash }) => hash).join(','),
    'tapestry.recipe': recipe,
  };
}

/** The model card of a merged model: YAML front matter for model hubs, then a description for people. */
export function mergedCard(weights: string, { method, parents, recipe, code }: MergeLineage): string {
  const rows = parents.map(({ hash, isBase }) => `| ${isBase ? 'Base' : 'Parent'} | \`${hash}\` |`);
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
