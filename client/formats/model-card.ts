import type { DecoderSizes, SpecialTokens } from './llama-config.ts';

/** What is known of how a base came to be. */
export interface ModelCardFacts {
  /** The run's name, for people. */
  readonly name: string;
  /** The run's id: the SHA-256 of its manifest, in hex. */
  readonly run: string;
  /** Rounds behind this base. */
  readonly round: number;
  /** Contributions merged, and the tokens they were trained on, over all rounds. */
  readonly contributions: number;
  readonly tokens: number;
  /** AdamW steps of a node in one round. */
  readonly localSteps: number;
  /** SPDX identifier of the weights' licence. */
  readonly license: string;
  /** Held-out losses in nats a token, before the first round and of this base; null where not measured. */
  readonly nations: readonly {
    readonly name: string;
    readonly lossAtStart: number | null;
    readonly loss: number | null;
  }[];
}

/** The model card: YAML front matter as model hubs read it, then what a person wants to know. */
export function modelCard(
  config: DecoderSizes,
  specialTokens: SpecialTokens,
  base: string,
  facts: ModelCardFacts,
): string {
  const count = (value: number) => value.toLocaleString('en-US');
  return `---
license: ${JSON.stringify(facts.license)}
library_name: transformers
pipeline_tag: text-generation
tags: [tapestry, llama, federated-learning, diloco, byte-level]
---

# ${plain(facts.name)}

The shared base of a Tapestry run: a language model trained by several nodes together, on text that never left them. Each
round, every node trained on its own text and sent a clipped, quantised weight delta; a relay merged these into the next base.

| | |
|---|---|
| Run | \`${facts.run}\` |
| Base | \`${base}\` |
| Rounds | ${count(facts.round)}, of ${count(facts.localSteps)} local AdamW steps a node each |
| Contributions merged | ${count(facts.contributions)} |
| Tokens trained on | ${count(facts.tokens)} |
| Architecture | LLaMA: ${config.layers} layers of width ${config.dimension}, ${config.heads} heads sharing ${config.keyValueHeads} key/value heads, context ${config.contextLength} |
| Tokens | bytes of UTF-8 as 0 to 255; ${specialTokens.beginning} begins a document, ${specialTokens.end} ends it, ${specialTokens.padding} pads |

## Held-out loss

Nats a byte, on text of each nation that no node trained on.

| Nation | Before training | This base |
|---|---|---|
${facts.nations.map(({ name, lossAtStart, loss }) => `| ${plain(name)} | ${nats(lossAtStart)} | ${nats(loss)} |`).join('\n')}
| **Mean** | ${nats(mean(facts.nations.map((nation) => nation.lossAtStart)))} | ${nats(mean(facts.nations.map((nation) => nation.loss)))} |

## Use

\`\`\`sh
tapestry generate --model . --prompt 'All human beings ' --greedy --max-tokens 100
\`\`\`

\`\`\`python
from safetensors.torch import load_file
from transformers import LlamaConfig, LlamaForCausalLM

model = LlamaForCausalLM(LlamaConfig.from_pretrained("."))
model.load_state_dict(load_file("base.safetensors"), strict=${config.tiedHead ? 'False)  # the head is the embedding' : 'True)'}
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
function mean(values: readonly (number | null)[]): number | null {
  const measured = values.filter((value) => value !== null);
  if (measured.length === 0 || measured.length < values.length) return null;
  return measured.reduce((sum, value) => sum + value, 0) / measured.length;
}

function nats(loss: number | null): string {
  return loss === null ? 'not measured' : loss.toFixed(3);
}

/** Text from outside, so that it stays on its line and is no markup. */
function plain(text: string): string {
  return text
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .replace(/[\\`*_[\]<>|#&]/g, '\\$&');
}
