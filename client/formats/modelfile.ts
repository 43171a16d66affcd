import type { TokenizerFacts } from './tokenizer-config.ts';

/**
 * Ollama's Modelfile: `ollama create NAME` reads it in the model's folder. It continues prompts as they are, because the
 * Jinja template of chats is no template of Ollama's. `contextLength` is in tokens.
 */
export function modelfile({ names }: Pick<TokenizerFacts, 'names'>, contextLength: number): string {
  return `FROM .
PARAMETER num_ctx ${contextLength}
PARAMETER stop ${JSON.stringify(names.end)}
TEMPLATE "{{ .Prompt }}"
`;
}
