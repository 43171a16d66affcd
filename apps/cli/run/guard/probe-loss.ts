import type { ModelConfig } from '../../../../client/model/config.ts';
import { CpuDecoder } from '../../../../client/model/generate/cpu-decoder.ts';
import { layoutOf } from '../../../../client/model/parameters.ts';

export interface ProbeRequest {
  readonly config: ModelConfig;
  readonly parameters: Float32Array<ArrayBuffer>;
  /** Tokens, each a u32 of the machine's own byte order. */
  readonly tokens: Uint32Array<ArrayBuffer>;
}

/**
 * The mean loss of a base on tokens, in nats a token: windows of at most the model's context, one after another, in which
 * every token but the first is predicted. On the CPU, so that a relay needs no adapter and the same base has the same loss.
 */
export async function probeLoss({ config, parameters, tokens }: ProbeRequest): Promise<number> {
  const decoder = new CpuDecoder(config, layoutOf(config), parameters);
  let [loss, predicted] = [0, 0];
  for (let start = 0; start < tokens.length - 1; start += config.contextLength) {
    decoder.clear(0);
    const window = tokens.subarray(start, start + config.contextLength + 1);
    for (let at = 0; at + 1 < window.length; at++) {
      const [logits] = await decoder.append([{ sequence: 0, tokens: [window[at] ?? 0] }]);
      loss += lossOf(logits ?? new Float32Array(), window[at + 1] ?? 0);
      predicted++;
    }
  }
  return loss / predicted;
}

/** The negative log-probability of a token, in float64. */
function lossOf(logits: Float32Array, token: number): number {
  const top = logits.reduce((greatest, logit) => Math.max(greatest, logit), Number.NEGATIVE_INFINITY);
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - top), 0);
  return top + Math.log(sum) - (logits[token] ?? Number.NaN);
}
