import { type Command, Option } from 'commander';
import { TapestryError } from '../../../../client/errors.ts';
import type { StrategyDraft } from '../../../../relay/run/manifest.ts';
import { usualHeLoCo } from '../../../../relay/run/outer/heloco.ts';
import type { NesterovSettings } from '../../../../relay/run/outer/nesterov.ts';
import type { WholeManifest } from '../../../../relay/wire/frames.ts';
import { decimal } from '../../options.ts';

export const outerNames = ['nesterov', 'sgd', 'delayed'] as const;
export type OuterName = (typeof outerNames)[number];

type OuterDraft = NonNullable<StrategyDraft['outer']>;

/** The flags of the relay's step. */
export interface OuterFlags {
  readonly outer?: OuterName;
  /** Where it begins. */
  readonly outerRate?: number;
  readonly outerMomentum?: number;
}

/**
 * DiLoCo's (arXiv 2311.08105) outer step, but with a momentum of 0.5 for its 0.9: that one needs hundreds of rounds to pay,
 * and over 20 it overshoots (held-out loss 3.03 against 2.85 after 200 steps a node, and worse than before after round 2).
 */
export const usualNesterov: NesterovSettings = { learningRate: 0.7, momentum: 0.5 };

/** SparseLoCo's rate of 1 for the first fifth of the rounds, then linear to the last rate of Covenant-72B. */
const annealed = { learningRate: 1, finalRate: 0.4, constantPart: 0.2 };

/** Workers of the paper (arXiv 2401.09135) that delayed Nesterov is from. */
export const usualPeriod = 4;

export function withOuterFlags(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--outer <name>',
        "the relay's step: sgd anneals its rate and suits sparse, delayed suits arrivals (default: the strategy's, with --codec sparse sgd)",
      ).choices(outerNames),
    )
    .option(
      '--outer-rate <number>',
      "that step's rate, where it begins; docs/measured.md has figures for sparse (default: the strategy's)",
      decimal(0.001, 100),
    )
    .option(
      '--outer-momentum <number>',
      "that step's momentum; sgd has none (default: the strategy's)",
      decimal(0, 0.999),
    );
}

/** What decides the outer step of a new run. */
export interface OuterChoices {
  readonly outer: OuterName;
  /** The strategy's settings of a step with momentum. */
  readonly nesterov: NesterovSettings;
  readonly rate: number | undefined;
  readonly momentum: number | undefined;
  readonly rounds: number;
  /** Nodes that delayed Nesterov expects. */
  readonly period: number | undefined;
  /** The sizes of the model's tensors, for a correction by HeLoCo; null for none. */
  readonly corrected: readonly number[] | null;
}

/** The manifest's outer step. An annealed rate ends with the same part of it, wherever it begins. Throws `usage.outer-momentum`. */
export function outerOf({ outer, nesterov, rate, momentum, ...more }: OuterChoices): OuterDraft {
  const { learningRate, finalRate, constantPart } = annealed;
  const settings = {
    learningRate: rate ?? nesterov.learningRate,
    momentum: momentum ?? nesterov.momentum,
  };
  switch (outer) {
    case 'nesterov':
      return { case: 'nesterov', value: settings };
    case 'sgd': {
      if (momentum !== undefined) throw withoutMomentum();
      const constantRounds = Math.ceil(more.rounds * constantPart);
      const begun = rate ?? learningRate;
      return {
        case: 'sgd',
        value: { learningRate: begun, finalRate: (begun * finalRate) / learningRate, constantRounds },
      };
    }
    case 'delayed': {
      const { corrected, period = usualPeriod } = more;
      const correction =
        corrected === null
          ? { case: 'uncorrected' as const, value: {} }
          : { case: 'heloco' as const, value: { tensors: [...corrected], ...usualHeLoCo } };
      return { case: 'delayedNesterov', value: { ...settings, period, correction } };
    }
  }
}

/** What a manifest says of its outer step, as flags. */
export function outerIn({ strategy: { outer } }: WholeManifest) {
  return {
    outer: outer.case === 'delayedNesterov' ? 'delayed' : outer.case,
    outerRate: outer.value.learningRate,
    outerMomentum: outer.case === 'sgd' ? 'none' : outer.value.momentum,
    period: outer.case === 'delayedNesterov' ? outer.value.period : 'none',
    isCorrected: outer.case === 'delayedNesterov' && outer.value.correction.case === 'heloco',
  };
}

function withoutMomentum(): TapestryError {
  return new TapestryError(
    'usage.outer-momentum',
    'The outer step sgd, which sparse deltas have, takes no momentum.',
    'Leave --outer-momentum out, or add --outer nesterov.',
  );
}
