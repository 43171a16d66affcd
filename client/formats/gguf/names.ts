/** Names of a layer's tensors in GGUF and in transformers. */
const inLayer = new Map([
  ['attn_norm', 'input_layernorm'],
  ['attn_q', 'self_attn.q_proj'],
  ['attn_k', 'self_attn.k_proj'],
  ['attn_v', 'self_attn.v_proj'],
  ['attn_output', 'self_attn.o_proj'],
  ['ffn_norm', 'post_attention_layernorm'],
  ['ffn_gate', 'mlp.gate_proj'],
  ['ffn_up', 'mlp.up_proj'],
  ['ffn_down', 'mlp.down_proj'],
]);
const outside = new Map([
  ['token_embd.weight', 'model.embed_tokens.weight'],
  ['output_norm.weight', 'model.norm.weight'],
  ['output.weight', 'lm_head.weight'],
]);

const reversed = (names: ReadonlyMap<string, string>) => new Map([...names].map(([a, b]) => [b, a]));
const [inLayerOf, outsideOf] = [reversed(inLayer), reversed(outside)];

/** The name in GGUF of a tensor that transformers calls `name`; null for an unknown one. */
export function ggufName(name: string): string | null {
  const [, layer, part = '', suffix] = /^model\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name) ?? [];
  const known = inLayerOf.get(part);
  return layer === undefined || known === undefined
    ? (outsideOf.get(name) ?? null)
    : `blk.${layer}.${known}.${suffix}`;
}

/** The name in transformers of a tensor that GGUF calls `name`; null for an unknown one. */
export function transformersName(name: string): string | null {
  const [, layer, part = '', suffix] = /^blk\.(\d+)\.(\w+)\.(weight|bias)$/.exec(name) ?? [];
  const known = inLayer.get(part);
  return layer === undefined || known === undefined
    ? (outside.get(name) ?? null)
    : `model.layers.${layer}.${known}.${suffix}`;
}

/**
 * llama.cpp rotates neighbouring rows of a head's queries and keys, and transformers rows half a head apart. Row i of a head in
 * GGUF is the row that this returns in transformers.
 */
export function rowsInTransformers(rows: number, headSize: number): number[] {
  return Array.from({ length: rows }, (_, row) => {
    const within = row % headSize;
    return row - within + Math.floor(within / 2) + (within % 2) * (headSize / 2);
  });
}

/** True for the projections whose rows are in another order in GGUF. */
export function isRotated(name: string): boolean {
  return /\.(attn_q|attn_k|self_attn\.q_proj|self_attn\.k_proj)\./.test(name);
}
