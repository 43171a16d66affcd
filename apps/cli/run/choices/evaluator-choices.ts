import type { Command } from 'commander';
import { TapestryError } from '../../../../client/errors.ts';
import type { WholeManifest } from '../../../../relay/wire/frames.ts';
import { fromHex, isHash, toHex } from '../../../../relay/wire/hex.ts';
import { decimal, whole } from '../../options.ts';
import type { EvaluatorChoices, QualityName } from './quality-choices.ts';

/** The flags that say who scores contributions beside the relay. */
export interface EvaluatorFlags {
  /** Public keys in hex. */
  readonly evaluators?: readonly string[];
  readonly evaluatorQuorum?: number;
  readonly evaluationSeconds?: number;
}

export function withEvaluatorFlags(command: Command): Command {
  return command
    .option(
      '--evaluators <keys>',
      'with --quality measured: those who score contributions in place of the relay, by the public keys that `tapestry evaluate ' +
        '--show-key` prints, with commas between',
      keysOf,
    )
    .option(
      '--evaluator-quorum <count>',
      'so many of them decide by the median of their scores; with fewer the relay scores (default: more than half)',
      whole(1, 64),
    )
    .option(
      '--evaluation-seconds <seconds>',
      'how long a round waits for them at most (default: 60)',
      decimal(0.001, 3600),
    );
}

/** The evaluators of a new run; undefined for none. Throws `usage.evaluators` where nothing is measured. */
export function evaluatorsOf(
  { evaluators, evaluatorQuorum: quorum, evaluationSeconds }: EvaluatorFlags,
  quality: QualityName | undefined,
): EvaluatorChoices | undefined {
  if (evaluators === undefined) return undefined;
  if (quality !== 'measured')
    throw new TapestryError(
      'usage.evaluators',
      '--evaluators score contributions, and this run trusts what contributions claim.',
      'Add --quality measured.',
    );
  return {
    keys: evaluators.map(fromHex),
    ...(quorum === undefined ? {} : { quorum }),
    ...(evaluationSeconds === undefined ? {} : { waitMs: Math.round(1000 * evaluationSeconds) }),
  };
}

/** What a manifest says of evaluators, as flags. */
export function evaluatorsIn({ quality }: WholeManifest): Required<EvaluatorFlags> {
  if (quality.case === 'claimed') return { evaluators: [], evaluatorQuorum: 0, evaluationSeconds: 0 };
  const { evaluators, evaluatorQuorum, evaluationMs } = quality.value;
  return {
    ...{ evaluators: evaluators.map(toHex), evaluatorQuorum },
    evaluationSeconds: evaluationMs / 1000,
  };
}

/** For commander. Throws `usage.evaluators`. */
function keysOf(text: string): string[] {
  const keys = text.split(',').map((key) => key.trim().toLowerCase());
  const wrong = keys.find((key) => !isHash(key));
  if (wrong === undefined) return keys;
  throw new TapestryError(
    'usage.evaluators',
    `--evaluators names ${wrong === '' ? 'an empty key' : wrong}, which is no public key.`,
    'Give keys of 64 hexadecimal digits, with commas between.',
  );
}
