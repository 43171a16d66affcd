import type { StrategyName } from '../../../apps/cli/run/choices/strategies.ts';
import type { CodecName, PacingName } from '../cases.ts';

/** By nodes; of models of at least 35M parameters. */
type ByNodes = Readonly<Record<number, string>>;

const scaling: ByNodes = {
  1: '-0.1% (35M, arXiv 2503.09799)',
  2: '+0.7%; +1% extrapolated to 1M',
  4: '+2.0%; +3 to +11% extrapolated to 1M',
  8: '+3.9%; +6 to +12% extrapolated to 1M',
};

const nodes: Readonly<Record<StrategyName, ByNodes>> = {
  diloco: scaling,
  muloco: { 1: '-0.1% (150M, arXiv 2505.23725)', 4: 'loses less than DiLoCo' },
  sparseloco: { 4: 'at or below dense DiLoCo (arXiv 2508.15706)' },
  streaming: { 4: '-0.4 to 0% against DiLoCo (1B, arXiv 2501.18512)' },
  // These are compared by their pacing.
  asynchronous: {},
  heloco: {},
};

/** What papers report of the same comparison, each of models and runs that are far larger. */
export const papers = {
  nodes,
  localSteps: 'loses more with more of them (arXiv 2503.09799)',
  dropped: 'perplexity +2.1% (150M, arXiv 2311.08105)',
  codecs: {
    dense32: '',
    dense8: 'lossless',
    dense4: 'lossless (MuLoCo, arXiv 2505.23725)',
    dense2: 'linear 2 bits lose',
    statistical: '2 bits hold only so',
    sparse: 'at or below dense (arXiv 2508.15706)',
  },
  pacing: {
    fixed: 'perplexity 41.35 (20M, arXiv 2401.09135)',
    timed: '',
    naive: 'perplexity 44.27',
    delayed: 'perplexity 41.13',
    heloco: 'up to 7.5% better than asynchronous DiLoCo (arXiv 2606.00271)',
  },
  families: 'No paper has this figure; averaging is said to dilute each culture.',
  annealed: 'Covenant-72B lowered its rate from 1 to 0.4',
  downlink: 'none',
} as const satisfies {
  readonly codecs: Readonly<Record<CodecName, string>>;
  readonly pacing: Readonly<Record<PacingName, string>>;
} & Readonly<Record<string, unknown>>;
