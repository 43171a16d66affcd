import { Command, Option } from 'commander';
import { TapestryError } from '../../../../client/errors.ts';
import { whole, withExamples, withJson } from '../../options.ts';
import { InvariantError } from '../../simulate/invariants/invariant.ts';
import { runSeed, type SeedResult } from '../../simulate/search.ts';
import { runTreeSeed } from '../../simulate/upstream/search-tree.ts';
import { machines } from '../../simulate/world/machines.ts';
import { Interrupt } from '../../terminal/interrupt.ts';
import { Output } from '../../terminal/output.ts';
import { quantity } from '../../terminal/table.ts';
import { runScale, type ScaleFlags, scaleFlags, withScaleFlags } from './simulate-scale.ts';

interface SimulateFlags extends ScaleFlags {
  readonly seeds: number;
  readonly trace: boolean;
  readonly upstream: boolean;
  readonly json: boolean;
}

/** `tapestry simulate`: the machines of rounds and sessions in virtual worlds. */
export function simulateCommand(): Command {
  const command = new Command('simulate')
    .description(
      'Run the real machines of rounds, arrivals, measured quality and sessions in virtual worlds. Without --nodes: many small ' +
        'worlds where messages are lost, doubled and overtaken, nodes and the relay crash, disks fail and clocks jump. With --nodes: one run of many ' +
        'devices, and what it needs. Every invariant is checked on every step. One seed replays all.',
    )
    .option('--seed <number>', 'decides everything; the first of --seeds', whole(0, 0x7fff_ffff), 1)
    .option('--seeds <count>', 'how many small worlds to try', whole(1, 1_000_000_000), 1000)
    .option('--trace', 'print every step of the small worlds; best with --seeds 1', false)
    .option('--upstream', 'each small world is an upstream relay and relays below it', false)
    .addOption(
      new Option('--nodes <count>', 'one run with so many devices; the flags below are for it')
        .argParser(whole(1, 1_000_000))
        .conflicts(['seeds', 'trace', 'upstream']),
    );
  withScaleFlags(command).action(runSimulate);
  return withExamples(withJson(command), [
    'tapestry simulate',
    'tapestry simulate --seeds 100000',
    'tapestry simulate --seed 4711 --seeds 1 --trace',
    'tapestry simulate --upstream --seeds 10000',
    'tapestry simulate --nodes 100000 --parameters 10000000',
    'tapestry simulate --nodes 5000 --churn churn.csv --uplink-bits 0.25',
  ]);
}

/** How often progress is told, in seeds. */
const toldEvery = 1000;

async function runSimulate(flags: SimulateFlags, command: Command): Promise<void> {
  const output = new Output(flags.json);
  const interrupt = new Interrupt(output, 'Stopping.');
  if (flags.nodes === undefined) refuseScaleFlags(command);
  if (flags.nodes === undefined) return runSeeds(flags, output, interrupt);
  try {
    await runScale(flags.nodes, flags, output, interrupt);
  } catch (error) {
    if (!(error instanceof InvariantError)) throw error;
    throw new TapestryError(
      `simulate.${error.invariant}`,
      `The run breaks the invariant ${error.invariant}: ${error.message}`,
      error.invariant === 'run-ends'
        ? 'Give its rounds a longer --deadline, a smaller --quorum or a faster --relay-mbit.'
        : 'The same command breaks it again: please report it.',
    );
  }
}

async function runSeeds(flags: SimulateFlags, output: Output, interrupt: Interrupt): Promise<void> {
  const last = flags.seed + flags.seeds - 1;
  const totals = { seeds: 0, events: 0, rounds: 0, abandoned: 0, acknowledged: 0 };
  for (let seed = flags.seed; seed <= last && !interrupt.signal.aborted; seed++) {
    const trace = flags.trace
      ? (line: string) => output.progress({ event: 'step', seed, line }, line)
      : undefined;
    const run = flags.upstream ? runTreeSeed : runSeed;
    const result = await run(seed, machines, trace);
    if (result.violation !== null) throw violated(result, flags.upstream);
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

/** Flags of a run at scale mean nothing to the small worlds. Throws `usage.simulate`. */
function refuseScaleFlags(command: Command): void {
  const given = scaleFlags.find((name) => command.getOptionValueSource(name) === 'cli');
  if (given === undefined) return;
  const flag = command.options.find((option) => option.attributeName() === given)?.long;
  throw new TapestryError(
    'usage.simulate',
    `${flag} is for one run of many devices, and --nodes is missing.`,
    'Say how many devices with --nodes, or leave the flag out: each seed draws its own small world.',
  );
}

function violated({ seed, violation }: SeedResult, isTree: boolean): TapestryError {
  const invariant = violation?.invariant ?? 'run-ends';
  return new TapestryError(
    `simulate.${invariant}`,
    `Seed ${seed} breaks the invariant ${invariant}: ${violation?.message}`,
    `Replay it: tapestry simulate${isTree ? ' --upstream' : ''} --seed ${seed} --seeds 1 --trace`,
  );
}
