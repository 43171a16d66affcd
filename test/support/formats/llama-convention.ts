import { decodeSafetensors } from '../../../client/formats/safetensors.ts';

/**
 * Logits after the last token or, of a LlamaForSequenceClassification, its labels' scores there; in float64, from a model's files
 * alone. It is written from the definitions of both classes in transformers (modeling_llama.py: rotate_half, repeat_kv, silu) and shares no code with the project's decoders.
 */
export function llamaLogits(
  configJson: Uint8Array,
  weights: Uint8Array<ArrayBuffer>,
  tokens: readonly number[],
): number[] {
  const config = JSON.parse(new TextDecoder().decode(configJson));
  const file = decodeSafetensors(weights);
  const tensor = (name: string) => {
    const found = file.tensors.get(`${name}.weight`);
    if (found === undefined) throw new Error(`there is no ${name}`);
    return { values: Float64Array.from(found.values), columns: found.shape[1] ?? 1 };
  };
  const project = (name: string, input: readonly number[]) => {
    const { values, columns } = tensor(name);
    return Array.from({ length: values.length / columns }, (_, row) =>
      input.reduce((sum, x, i) => sum + x * (values[row * columns + i] ?? 0), 0),
    );
  };
  const norm = (name: string, input: readonly number[]) => {
    const mean = input.reduce((sum, x) => sum + x * x, 0) / input.length;
    const { values } = tensor(name);
    return input.map((x, i) => (x / Math.sqrt(mean + config.rms_norm_eps)) * (values[i] ?? 0));
  };
  const add = (a: readonly number[], b: readonly number[]) => a.map((x, i) => x + (b[i] ?? 0));
  const { head_dim: size, num_attention_heads: heads, num_key_value_heads: groups } = config;
  // transformers, modeling_rope_utils.py: _compute_llama3_parameters.
  const scaled = (frequency: number) => {
    const scaling = config.rope_scaling;
    if (!scaling) return frequency;
    const {
      factor,
      low_freq_factor: low,
      high_freq_factor: high,
      original_max_position_embeddings: old,
    } = scaling;
    const wavelength = (2 * Math.PI) / frequency;
    if (wavelength < old / high) return frequency;
    if (wavelength > old / low) return frequency / factor;
    const smooth = (old / wavelength - low) / (high - low);
    return ((1 - smooth) * frequency) / factor + smooth * frequency;
  };
  const rotate = (vector: readonly number[], position: number) =>
    vector.map((x, at) => {
      const i = at % size;
      const angle = position * scaled(1 / config.rope_theta ** ((2 * (i % (size / 2))) / size));
      const turned = i < size / 2 ? -(vector[at + size / 2] ?? 0) : (vector[at - size / 2] ?? 0);
      return x * Math.cos(angle) + turned * Math.sin(angle);
    });
  const embedding = tensor('model.embed_tokens');
  let stream = tokens.map((token) => [
    ...embedding.values.subarray(token * embedding.columns, (token + 1) * embedding.columns),
  ]);
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const own = (name: string) => `model.layers.${layer}.${name}`;
    const normed = stream.map((x) => norm(own('input_layernorm'), x));
    const queries = normed.map((x, at) => rotate(project(own('self_attn.q_proj'), x), at));
    const keys = normed.map((x, at) => rotate(project(own('self_attn.k_proj'), x), at));
    const values = normed.map((x) => project(own('self_attn.v_proj'), x));
    stream = stream.map((x, at) => {
      const mixed = Array.from({ length: heads }, (_, head) => {
        const group = Math.floor(head / (heads / groups)) * size;
        const scores = keys.slice(0, at + 1).map((key) => {
          let score = 0;
          for (let i = 0; i < size; i++)
            score += (queries[at]?.[head * size + i] ?? 0) * (key[group + i] ?? 0);
          return Math.exp(score / Math.sqrt(size));
        });
        const sum = scores.reduce((all, score) => all + score, 0);
        return Array.from({ length: size }, (_, i) =>
          scores.reduce((all, score, s) => all + (score / sum) * (values[s]?.[group + i] ?? 0), 0),
        );
      }).flat();
      return add(x, project(own('self_attn.o_proj'), mixed));
    });
    stream = stream.map((x) => {
      const input = norm(own('post_attention_layernorm'), x);
      const up = project(own('mlp.up_proj'), input);
      const gated = project(own('mlp.gate_proj'), input).map(
        (g, i) => (g / (1 + Math.exp(-g))) * (up[i] ?? 0),
      );
      return add(x, project(own('mlp.down_proj'), gated));
    });
  }
  const last = norm('model.norm', stream.at(-1) ?? []);
  const isScorer = config.architectures[0] === 'LlamaForSequenceClassification';
  if (isScorer) return project('score', last);
  return project(config.tie_word_embeddings ? 'model.embed_tokens' : 'lm_head', last);
}
