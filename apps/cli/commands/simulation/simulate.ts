import { Command } from 'commander';
import { TapestryError } from '../../../../client/errors.ts';
import { whole, withExamples, withJson } from '../../options.ts';
import { runSeed, type SeedResult } from '../../simulate/search.ts';
import { machines } from '../../simulate/world/machines.ts';
import { Interrupt } from '../../terminal/interrupt.ts';
import { Output } from '../../terminal/output.ts';
import { quantity } from '../../terminal/table.ts';

interface SimulateFlags {
  readonly seed: number;
  readonly seeds: number;
  readonly trace: boolean;
  readonly json: boolean;
}

/** `tapestry simulate`: the machines of rounds and sessions in virtual worlds. */
export function simulateCommand(): Command {
  const command = new Command('simulate')
    .description(
      'Run the real round and session machines in virtual worlds, where messages are lost, doubled and overtaken, nodes and ' +
        'the relay crash, disks fail and clocks jump. Every invariant is checked on every step. One seed replays all.',
    )
    .option('--seeds <count>', 'how many small worlds to try', whole(1, 1_000_000_000), 1000)
    .option('--seed <number>', 'the first of them', whole(0, 0x7fff_ffff), 1)
    .option('--trace', 'print every step; best with --seeds 1', false)
    .action(runSimulate);
  return withExamples(withJson(command), [
    'tapestry simulate',
    'tapestry simulate --seeds 100000',
    'tapestry simulate --seed 4711 --seeds 1 --trace',
  ]);
}

/** How often progress is told, in seeds. */
const toldEvery = 1000;

async function runSimulate(flags: SimulateFlags): Promise<void> {
  const output = new Output(flags.json);
  const last = flags.seed + flags.seeds - 1;
  const interrupt = new Interrupt(output, 'Stopping after this seed.');
  const totals = { seeds: 0, events: 0, rounds: 0, abandoned: 0, acknowledged: 0 };
  for (let seed = flags.seed; seed <= last && !interrupt.signal.aborted; seed++) {
    const trace = flags.trace
      ? (line: string) => output.progress({ event: 'step', seed, line }, line)
      : undefined;
    const result = runSeed(seed, machines, trace);
    if (result.violation !== null) throw violated(result, result.violation.invariant);
    totals.seeds++;
    for (const name of ['events', 'rounds', 'abandoned', 'acknowledged'] as const)
      totals[name] += result[name];
    if (totals.seeds % toldEvery !== 0 || seed === last) continue;
    output.progress(
      { event: 'progress', seed, ...totals },
      `${quantity(totals.seeds)} seeds, ${quantity(totals.events)} events, no invariant broken`,
    );
    // Lets the signal of Ctrl-C in.
    await new Promise((resolve) => setImmediate(resolve));
  }
  output.result(
    { event: 'simulated', from: flags.seed, ...totals },
    `${totals.seeds} seeds from ${flags.seed} on: no invariant is broken in ${quantity(totals.events)} events, ` +
      `${totals.rounds} rounds, ${totals.abandoned} abandoned attempts and ${quantity(totals.acknowledged)} acknowledgements.`,
  );
}

function violated({ seed, violation }: SeedResult, invariant: string): TapestryError {
  return new TapestryError(
    `simulate.${invariant}`,
    `Seed ${seed} breaks the invariant ${invariant}: ${violation?.message}`,
    `Replay it: tapestry simulate --seed ${seed} --seeds 1 --trace`,
  );
}
