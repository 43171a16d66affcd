import type { Command } from 'commander';
import { TapestryError } from '../../../../client/errors.ts';
import type { WholeManifest } from '../../../../relay/wire/frames.ts';
import { decimal, whole } from '../../options.ts';
import type { OwnChoices } from './upstream-run.ts';

/** What a relay says of its upstream run. */
export interface UpstreamFlags {
  readonly upstream?: string;
  readonly upstreamEvery?: number;
  /** Per cent. */
  readonly upstreamWeight?: number;
  readonly period?: number;
}

/** HALoS's own, of the upstream base in per cent (arXiv 2506.04531). */
export const usualUpstreamWeight = 25;

export function withUpstreamFlags(command: Command): Command {
  return command
    .option(
      '--upstream <relay>',
      'be one node of the run of another relay: its address or the link that it prints. Model, tokenizer and codec are ' +
        "that run's; without it this run goes on alone (docs/operations.md)",
    )
    .option(
      '--upstream-every <rounds>',
      'with --upstream: do not wait for its bases. What was done goes up after so many rounds, and each upstream base is ' +
        'mixed into the own one (default: send each round and wait)',
      whole(1, 65_536),
    )
    .option(
      '--upstream-weight <per cent>',
      `with --upstream-every: the weight of the upstream base (default: ${usualUpstreamWeight})`,
      decimal(0.001, 100),
    );
}

/** What the flags choose of a run below an upstream run. Throws `usage.upstream`. */
export function upstreamChoices(flags: UpstreamFlags): Pick<OwnChoices, 'mixing' | 'period'> {
  const { upstream, upstreamEvery: every, upstreamWeight, period } = flags;
  if (every !== undefined && upstream === undefined) throw without('--upstream-every', '--upstream');
  if (upstreamWeight !== undefined && every === undefined)
    throw without('--upstream-weight', '--upstream-every');
  const weight = (upstreamWeight ?? usualUpstreamWeight) / 100;
  return { mixing: every === undefined ? null : { every, weight }, period };
}

/** The flags, and what a run that is served again has in their place. */
export function mixingFlags(
  { upstreamEvery, upstreamWeight }: UpstreamFlags,
  { mixing: [mixing] }: Pick<WholeManifest, 'mixing'>,
) {
  return [
    ['--upstream-every', upstreamEvery, mixing?.every ?? 'none'],
    ['--upstream-weight', upstreamWeight, mixing === undefined ? 'none' : 100 * mixing.weight],
  ] as const;
}

function without(flag: string, other: string): TapestryError {
  return new TapestryError(
    'usage.upstream',
    `${flag} means nothing without ${other}.`,
    `Give ${other}, or leave it out.`,
  );
}
