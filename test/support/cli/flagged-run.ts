import { Command } from 'commander';
import { newRun, type RunChoices } from '../../../apps/cli/run/new-run.ts';
import { decideRun, type RunFlags, withRunFlags } from '../../../apps/cli/run/run-flags.ts';
import type { PresetName } from '../../../client/model/config.ts';
import { manifestBytesOf, parseManifest } from '../../../relay/run/manifest.ts';

/** The flags of a new run, as these words give them. Throws commander's error for a wrong one. */
export function flagsOf(...words: string[]): RunFlags {
  return withRunFlags(new Command().exitOverride(), 'nano', '0.25').parse(words, { from: 'user' }).opts();
}

/** The manifest of the run that flags ask for, of `preset` where they name none. */
export async function manifestOf(
  flags: RunFlags,
  preset: PresetName = 'nano',
  more: Pick<RunChoices, 'probe'> = {},
) {
  const { manifest } = newRun({
    ...{ ...(await decideRun(flags, preset)), ...more, name: 'flags', corpora: ['even'], quorum: 1 },
    ...{ deadlineMs: 90_000, graceMs: 1000, maxNodes: 1, created: 0, readers: 'anyone' as const },
  });
  const keys = { relayKey: new Uint8Array(32), initialBase: new Uint8Array(32) };
  return parseManifest(manifestBytesOf(manifest, keys)).manifest;
}
