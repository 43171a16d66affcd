import type { Command } from 'commander';
import { decimal, whole } from '../../options.ts';
import { usualTimed } from '../../run/choices/arrival-choices.ts';
import { usualGraceShare } from '../../run/new-run.ts';
import { readChurnTrace } from '../../simulate/scale/churn-trace.ts';
import { scaleFacts, scaleText } from '../../simulate/scale/report.ts';
import { ScaleRun } from '../../simulate/scale/scale-run.ts';
import type { Interrupt } from '../../terminal/interrupt.ts';
import type { Output } from '../../terminal/output.ts';
import { quantity } from '../../terminal/table.ts';

export interface ScaleFlags {
  readonly nodes?: number;
  readonly parameters: number;
  readonly rounds: number;
  readonly steps: number;
  readonly tokens: number;
  readonly deadline: number;
  readonly grace: number;
  readonly quorum: number;
  readonly uplinkBits: number;
  readonly downlinkBits: number;
  readonly relayMbit: number;
  readonly loss: number;
  readonly timed: boolean;
  readonly churn?: string;
  readonly seed: number;
}

/** The flags that only a run at scale reads, as commander names them. */
export const scaleFlags = [
  ...['parameters', 'rounds', 'steps', 'tokens', 'deadline', 'grace', 'quorum'],
  ...['uplinkBits', 'downlinkBits', 'relayMbit', 'loss', 'timed', 'churn'],
] as const;

/** Adds the flags of a run at scale. */
export function withScaleFlags(command: Command): Command {
  return command
    .option('--parameters <count>', 'of the model', whole(1, 1e12), 1_000_000)
    .option('--rounds <count>', 'rounds of the run', whole(1, 100_000), 5)
    .option('--steps <count>', 'local steps a round', whole(1, 1_048_576), 30)
    .option('--tokens <count>', 'tokens a step', whole(1, 1_000_000_000), 2048)
    .option('--deadline <seconds>', 'of a round', decimal(1, 4_000_000), 3600)
    .option('--grace <seconds>', 'after most nodes have contributed', decimal(0, 4_000_000), 60)
    .option('--quorum <percent>', 'part of all devices that a round needs', decimal(0, 100), 10)
    .option('--uplink-bits <bits>', 'a parameter of a contribution', decimal(0.001, 64), 8.03)
    .option('--downlink-bits <bits>', 'a parameter of a base that a node downloads', decimal(0.001, 64), 32)
    .option('--relay-mbit <rate>', "the relay's line each way, Mbit/s", decimal(1, 100_000_000), 10_000)
    .option('--loss <percent>', 'packets that are lost and sent again', decimal(0, 50), 1)
    .option('--timed', 'rounds ask for work until a moment, with the times of a usual run', false)
    .option('--churn <file>', 'CSV of who comes and goes: seconds,node,change (default: drawn by class)');
}

/** Events between two looks at the signal. */
const eventsAtOnce = 20_000;

/** Runs a run at scale and prints what it gave. */
export async function runScale(
  nodes: number,
  flags: ScaleFlags,
  output: Output,
  interrupt: Interrupt,
): Promise<void> {
  const run = new ScaleRun({
    ...{ seed: flags.seed, nodes, parameters: flags.parameters, rounds: flags.rounds },
    ...{ localSteps: flags.steps, tokensPerStep: flags.tokens },
    ...{ deadlineMs: flags.deadline * 1000, graceMs: flags.grace * 1000 },
    ...{ graceShare: usualGraceShare, quorum: flags.quorum },
    ...{ uplinkBits: flags.uplinkBits, downlinkBits: flags.downlinkBits },
    ...{ relayMbit: flags.relayMbit, loss: flags.loss },
    timed: flags.timed ? usualTimed : null,
    trace: flags.churn === undefined ? null : await readChurnTrace(flags.churn, nodes),
  });
  let told = 0;
  while (run.advance(eventsAtOnce) && !interrupt.signal.aborted) {
    for (const round of run.measured.rounds.slice(told))
      output.progress(
        { event: 'round', ...round },
        `round ${round.round} of ${flags.rounds}: ${quantity(round.contributions)} contributions`,
      );
    told = run.measured.rounds.length;
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (run.measured.rounds.length === 0) return output.log('No round was complete.');
  output.result({ event: 'simulated', ...scaleFacts(run) }, scaleText(run));
}
