/** Llama 3's change of RoPE's frequencies for contexts longer than those of pre-training (`rope_type` "llama3"). */
export interface RopeScaling {
  /** How much slower the lowest frequencies turn. */
  readonly factor: number;
  /** Wavelengths longer than the original context / this are slowed by the whole factor. */
  readonly lowFrequencyFactor: number;
  /** Wavelengths shorter than the original context / this are left as they are. */
  readonly highFrequencyFactor: number;
  /** Context of pre-training, in tokens. */
  readonly originalContext: number;
}

/** Radians a token of the pair `i` of `half` pairs of a head (Su et al. 2021; transformers, _compute_llama3_parameters). */
export function rotaryFrequency(
  { ropeTheta, ropeScaling }: { readonly ropeTheta: number; readonly ropeScaling?: RopeScaling },
  i: number,
  half: number,
): number {
  const frequency = ropeTheta ** (-i / half);
  if (ropeScaling === undefined) return frequency;
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalContext } = ropeScaling;
  const turns = (originalContext * frequency) / (2 * Math.PI); // in the original context
  const kept = Math.min(1, Math.max(0, (turns - low) / (high - low)));
  return frequency * (kept + (1 - kept) / factor);
}
