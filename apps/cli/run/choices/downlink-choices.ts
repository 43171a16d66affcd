import type { NewRun } from '../../../../relay/run/run.ts';
import type { WholeManifest } from '../../../../relay/wire/frames.ts';

export const downlinkNames = ['full', 'dense8', 'dense4', 'entropy', 'statistical', 'sparse'] as const;
export type DownlinkName = (typeof downlinkNames)[number];

/** docs/measured.md: of those with at most 2 bits a parameter, the one that costs the least loss, and less than 0.1%. */
export const usualDownlink: DownlinkName = 'entropy';

type DownlinkDraft = NonNullable<NewRun['manifest']['downlink']>;

/** From 2^-20 to about a half with 8 bits, and to about a quarter with 4. */
const dense = { block: 256, exponent: -20, maxShift: 12 };

/** From 2^-22 to about 1. */
const finer = { exponent: -22, maxShift: 14 };

const choices: Readonly<Record<DownlinkName, DownlinkDraft>> = {
  full: { case: 'full', value: {} },
  dense8: { case: 'denseDeltas', value: { bits: 8, ...dense } },
  dense4: { case: 'denseDeltas', value: { bits: 4, ...dense, maxShift: 16 } },
  statistical: { case: 'statisticalDeltas', value: { block: 4096, ...finer } },
  entropy: { case: 'entropyDeltas', value: { block: 4096, bytes: 1020, ...finer } },
  sparse: { case: 'sparseDeltas', value: { chunk: 4096, top: 256, ...finer } },
};

export function downlinkFor(name: DownlinkName): DownlinkDraft {
  return choices[name];
}

/** The name of a manifest's downlink. */
export function downlinkNameIn(downlink: WholeManifest['downlink']): DownlinkName {
  switch (downlink.case) {
    case 'full':
      return 'full';
    case 'denseDeltas':
      return downlink.value.bits === 8 ? 'dense8' : 'dense4';
    case 'statisticalDeltas':
      return 'statistical';
    case 'entropyDeltas':
      return 'entropy';
    case 'sparseDeltas':
      return 'sparse';
  }
}
