import type { DecoderSizes } from './llama-config.ts';
import { plainMarkdown } from './model-card.ts';

/** The card of a base that came from elsewhere. `hash` names its values, and `source` is where it came from. */
export function importedCard(sizes: DecoderSizes, source: string, hash: string): string {
  return `---
base_model: ${JSON.stringify(source)}
library_name: transformers
pipeline_tag: text-generation
tags: [tapestry, llama]
---

# ${plainMarkdown(source)}

The weights of ${plainMarkdown(source)} as a base: the same values in float32, and the same vocabulary. Its licence is that of its source.

| | |
|---|---|
| Base | \`${hash}\` |
| Architecture | LLaMA: ${sizes.layers} layers of width ${sizes.dimension}, ${sizes.heads} heads sharing ${sizes.keyValueHeads} key/value heads${sizes.headSize === undefined ? '' : ` of ${sizes.headSize}`}, context ${sizes.contextLength} |

\`\`\`sh
tapestry generate --model . --prompt 'All human beings '
tapestry relay --base .       # trains it on, together with others
\`\`\`
`;
}
