import { randomBytes } from 'node:crypto';
import { Option } from 'commander';
import { TapestryError } from '../../../../client/errors.ts';
import type { Command } from '../../command.ts';

/** The shortest secret: who overhears a command may try secrets without asking the relay. */
const shortestSecret = 12;

/** The presenter's secret of a relay. */
export interface PresenterSecret {
  readonly secret: string;
  /** False for one that the relay made, and will not have again. */
  readonly isGiven: boolean;
}

export interface PresenterFlags {
  readonly presenter: boolean;
  readonly presenterSecret?: string;
}

export function withPresenterFlags(command: Command): Command {
  return command
    .option(
      '--presenter',
      'wait in a lobby until the presenter starts the run, on the dashboard that opens with the printed address',
      false,
    )
    .addOption(
      new Option(
        '--presenter-secret <secret>',
        'the same, with a secret of yours that survives a restart (default: a new one at each start); better the variable ' +
          'TAPESTRY_PRESENTER_SECRET',
      ),
    );
}

/** The secret of these flags; undefined for a run without a presenter. Throws `usage.presenter-secret` for one that could be guessed. */
export function presenterOf({ presenter, presenterSecret }: PresenterFlags): PresenterSecret | undefined {
  if (presenterSecret === undefined)
    return presenter ? { secret: randomBytes(16).toString('base64url'), isGiven: false } : undefined;
  if (presenterSecret.length < shortestSecret)
    throw new TapestryError(
      'usage.presenter-secret',
      `The presenter's secret has ${presenterSecret.length} characters and could be guessed.`,
      `Give one of at least ${shortestSecret} characters, such as four words, or leave it out for a new one at each start.`,
    );
  return { secret: presenterSecret, isGiven: true };
}
