import { mean } from '../mean.ts';
import type { DecoderSizes } from './llama-config.ts';
import type { TokenizerFacts } from './tokenizer-config.ts';

/** Facts about the training of a base. */
export interface ModelCardFacts {
  /** The run's name, for people. */
  readonly name: string;
  /** The run's id: the SHA-256 of its manifest, in hex. */
  readonly run: string;
  /** Number of rounds that made this base. */
  readonly round: number;
  /** Merged contributions and the tokens they were trained on, over all rounds. */
  readonly contributions: number;
  readonly tokens: number;
  /** AdamW steps of a node in one round. */
  readonly localSteps: number;
  /** SPDX identifier of the weights' licence. */
  readonly license: string;
  /** The model that the run began with, by its name on a hub or its hash; none if it began with random weights. */
  readonly baseModel?: string;
  /**
   * Held-out losses in nats per token, before the first round and of this base; null if not measured. They are means over the nodes of
   * a corpus; `isOwn` marks that of the one node that writes the card.
   */
  readonly corpora: readonly {
    readonly name: string;
    readonly lossAtStart: number | null;
    readonly loss: number | null;
    readonly isOwn?: boolean;
  }[];
}

/** The model card: YAML front matter for model hubs, then a description for people. */
export function modelCard(
  config: DecoderSizes,
  { kind, beginning, end, padding }: TokenizerFacts,
  base: string,
  facts: ModelCardFacts,
): string {
  const isBytes = kind === 'bytes';
  const tokens = isBytes
    ? 'bytes of UTF-8 as 0 to 255'
    : `a vocabulary of ${config.vocabularySize}, in tokenizer.json`;
  const count = (value: number) => value.toLocaleString('en-US');
  return `---
license: ${JSON.stringify(facts.license)}
${facts.baseModel === undefined ? '' : `base_model: ${JSON.stringify(facts.baseModel)}\n`}library_name: transformers
pipeline_tag: text-generation
tags: [tapestry, llama, federated-learning, diloco${isBytes ? ', byte-level' : ''}]
---

# ${plainMarkdown(facts.name)}

The shared base of a Tapestry run: a language model trained by several nodes together, on text that never left them. Each
round, every node trained on its own text and sent a clipped, quantised weight delta; a relay merged these into the next base.

| | |
|---|---|
| Run | \`${facts.run}\` |
| Base | \`${base}\` |
| Rounds | ${count(facts.round)}, of ${count(facts.localSteps)} local AdamW steps a node each |
| Contributions merged | ${count(facts.contributions)} |
| Tokens trained on | ${count(facts.tokens)} |
| Architecture | LLaMA: ${config.layers} layers of width ${config.dimension}, ${config.heads} heads sharing ${config.keyValueHeads} key/value heads${config.headSize === undefined ? '' : ` of ${config.headSize}`}, context ${config.contextLength} |
| Tokens | ${tokens}; ${beginning} begins a document, ${end} ends it, ${padding} pads |

## Held-out loss

Nats a ${isBytes ? 'byte' : 'token'}, on text of each corpus that no node trained on.

| Corpus | Before training | This base |
|---|---|---|
${facts.corpora.map(({ name, lossAtStart, loss, isOwn }) => `| ${plainMarkdown(name)} | ${nats(lossAtStart)} | ${nats(loss)}${isOwn ? ', measured by the node that wrote this card' : ''} |`).join('\n')}
| **Mean** | ${nats(meanOfAll(facts.corpora.map((corpus) => corpus.lossAtStart)))} | ${nats(meanOfAll(facts.corpora.map((corpus) => corpus.loss)))} |

## Use

\`\`\`sh
tapestry generate --model . --prompt 'All human beings ' --greedy --max-tokens 100
\`\`\`

\`\`\`python
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(".")
model = AutoModelForCausalLM.from_pretrained(".")
text = tokenizer("All human beings ", return_tensors="pt")
print(tokenizer.decode(model.generate(**text, max_new_tokens=100)[0]))
\`\`\`

## Reproduce and verify

The base's name above is the SHA-256 of the parameter vector, and every reading checks it. The run's journal holds each
contribution that made it; anyone can derive every base again from them, bit for bit:

\`\`\`sh
tapestry verify <the run's folder, or its relay's address>
\`\`\`

## Limits

The model is small, and continues text in the manner of what it was trained on. It was not tuned to follow instructions or
to be truthful or harmless: build a derivative for that.
`;
}

/** The mean, if every value was measured. */
function meanOfAll(values: readonly (number | null)[]): number | null {
  const measured = values.filter((value) => value !== null);
  return measured.length === 0 || measured.length < values.length ? null : mean(measured);
}

function nats(loss: number | null): string {
  return loss === null ? 'not measured' : loss.toFixed(3);
}

/** Text from outside as one line, with Markdown characters escaped. */
export function plainMarkdown(text: string): string {
  return text
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .replace(/[\\`*_[\]<>|#&]/g, '\\$&');
}
