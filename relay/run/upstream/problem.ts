import type { WholeManifest } from '../../wire/frames.ts';

/** Why a relay cannot run a manifest below its upstream run; null if it can, or if there is none. */
export function upstreamProblem({
  upstream,
  mixing,
  downlink,
  strategy,
}: Pick<WholeManifest, 'upstream' | 'mixing' | 'downlink' | 'strategy'>): string | null {
  const [how] = mixing;
  if (upstream.length === 0)
    return how === undefined ? null : 'mixing needs an upstream run, whose bases it mixes in';
  if (downlink.case !== 'full')
    return 'a run with an upstream run needs the downlink `full`: no delta leads to a base that it adopts';
  if (strategy.part.case === 'fragments')
    return 'a run with an upstream run cannot synchronize fragments: its whole work goes up after each round';
  if (strategy.part.case === 'upperLayers')
    return 'a run with an upstream run cannot grant its upper layers: the work that goes up has one weight for all values';
  if (how === undefined) return null;
  if (how.every < 1) return 'mixing must send up what was done every 1 or more rounds';
  return how.weight > 0 ? null : 'the weight of the upstream base in mixing must be above 0';
}
