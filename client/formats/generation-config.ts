import { encodeJson } from './json.ts';
import type { SpecialTokens } from './llama-config.ts';

/** A generation_config.json: transformers ends a text at its end token and pads with its padding. */
export function encodeGenerationConfig({ beginning, end, padding }: SpecialTokens): Uint8Array<ArrayBuffer> {
  return encodeJson({ bos_token_id: beginning, eos_token_id: end, pad_token_id: padding });
}
