import { TapestryError } from '../../client/errors.ts';

/** The process's exit codes. They are stable: scripts rely on them. Set-up uses `setup` before the command line starts. */
export const exit = {
  done: 0,
  failed: 1,
  /** The command line cannot be read: an unknown command or option, or a value out of range. */
  usage: 2,
  /** No WebGPU adapter, or it was lost and did not come back. */
  noAdapter: 3,
  /** The relay could not be reached, or refused. */
  relay: 4,
  /** `verify` found a byte that is not what the journal says. */
  verification: 5,
  /** Something must be installed first, and this user may not. */
  setup: 6,
  /** Ctrl-C, as shells count it: 128 + SIGINT. */
  interrupted: 130,
  /** The reader of stdout went away, as shells count it: 128 + SIGPIPE. */
  brokenPipe: 141,
} as const;

export const exitHelp = `Exit codes:
  0  done
  1  failed, or nothing could be done
  2  the command line cannot be read
  3  no WebGPU adapter
  4  the relay could not be reached, or refused
  5  verification failed
  6  something must be installed first
  130  interrupted (Ctrl-C)
  141  the reader of stdout went away`;

/** Problems of a relay that this command itself serves: no relay answered. */
const ownRelay = new Set(['relay.cannot-listen', 'relay.key', 'relay.port-in-use', 'relay.tls-files']);

/** Flags that do not fit together, or not the run that they name. */
const wrongUse = new Set(['relay.token-needed', 'run.other', 'acme.terms']);

/** The exit code for an error: the first word of its code decides. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof TapestryError)) return exit.failed;
  if (wrongUse.has(error.code)) return exit.usage;
  switch (error.code.split('.')[0]) {
    case 'usage':
      return exit.usage;
    case 'adapter':
    case 'device':
      return exit.noAdapter;
    case 'relay':
      return ownRelay.has(error.code) ? exit.failed : exit.relay;
    case 'verify':
      return exit.verification;
    default:
      return exit.failed;
  }
}
