import { lowerMedian } from '../../../../relay/run/norm-bound.ts';
import { aligned, bytes, quantity } from '../../terminal/table.ts';
import { deviceClasses } from './device-classes.ts';
import type { ScaleRun } from './scale-run.ts';

/** Tokens for each parameter that a small model is usually trained on. */
const tokensPerParameter = 20;

/** What a run at scale gave, for programs. Times in milliseconds, rates in Mbit/s. */
export function scaleFacts({ measured, options, world, payloadBytes, baseBytes, able }: ScaleRun) {
  const { rounds } = measured;
  const times = rounds.map(({ milliseconds }) => milliseconds);
  const roundMs = lowerMedian(times);
  const tokensARound = rounds.reduce((sum, { tokens }) => sum + tokens, 0) / rounds.length;
  const { up, down } = world.network.bytes;
  const rate = (total: number) => (total * 8) / 1e3 / world.queue.now;
  const needed = Math.ceil((tokensPerParameter * options.parameters) / tokensARound);
  return {
    nodes: options.nodes,
    parameters: options.parameters,
    ...{ payloadBytes, baseBytes, events: world.queue.scheduled, virtualMs: world.queue.now },
    rounds,
    roundMs,
    longestMs: Math.max(...times),
    classes: deviceClasses.map((assumed, index) => {
      const { present = 0, counted = 0, tokens = 0, possible = 0 } = measured.classes[index] ?? {};
      return {
        ...assumed,
        holdsModel: able[index] ?? false,
        there: present / rounds.length,
        counted: present === 0 ? null : counted / present,
        goodput: possible === 0 ? null : tokens / possible,
        tokens,
      };
    }),
    bytesUp: up,
    bytesDown: down,
    rateUp: rate(up),
    rateDown: rate(down),
    tokensARound,
    neededRounds: needed,
    neededMs: needed * roundMs,
  };
}

/** The same as lines. */
export function scaleText(run: ScaleRun): string {
  const facts = scaleFacts(run);
  const { localSteps, tokensPerStep, relayMbit, loss, timed } = run.options;
  const { length } = facts.rounds;
  const perRound = (total: number) => bytes(Math.round(total / length));
  const classes = [
    ['devices', 'of all', 'GFLOP/s', 'Mbit/s', 'stays/away', 'there', 'count', 'tokens', 'goodput'],
    ...facts.classes.map((one) => [
      one.name,
      `${one.share}%`,
      `${one.gflops}`,
      `${one.upload}/${one.download}`,
      `${one.stays}/${one.away} min`,
      one.holdsModel ? quantity(one.there) : 'too small',
      percent(one.counted),
      quantity(one.tokens),
      percent(one.goodput),
    ]),
  ];
  return [
    `${quantity(facts.nodes)} devices, ${quantity(facts.parameters)} parameters, ${timed === null ? '' : 'at most '}${localSteps} steps of ${tokensPerStep} tokens a round`,
    `a contribution is ${bytes(facts.payloadBytes)}, a base ${bytes(facts.baseBytes)}; the relay's line has ${relayMbit} Mbit/s, ${loss}% of packets are lost`,
    '',
    ...aligned(classes, (column) => column === 0),
    '',
    ...aligned(
      [
        ['round', 'time', 'attempts', 'there', 'contributions', 'tokens'],
        ...facts.rounds.map((one) => [
          ...[`${one.round}`, span(one.milliseconds), `${one.attempts}`, quantity(one.present)],
          ...[quantity(one.contributions), quantity(one.tokens)],
        ]),
      ],
      () => false,
    ),
    '',
    `round times: median ${span(facts.roundMs)}, longest ${span(facts.longestMs)}`,
    `the relay: ${perRound(facts.bytesUp)} in and ${perRound(facts.bytesDown)} out a round, ${facts.rateUp.toFixed(0)} and ${facts.rateDown.toFixed(0)} Mbit/s on average`,
    `${tokensPerParameter} tokens a parameter: ${quantity(tokensPerParameter * facts.parameters)} tokens, ${quantity(facts.neededRounds)} rounds, ${span(facts.neededMs)}`,
  ].join('\n');
}

function percent(part: number | null): string {
  if (part === null) return '-';
  const value = 100 * part;
  return value !== 0 && value < 0.1 ? '<0.1%' : `${value.toFixed(value < 10 ? 1 : 0)}%`;
}

function span(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 120) return `${seconds.toFixed(0)} s`;
  if (seconds < 7200) return `${(seconds / 60).toFixed(0)} min`;
  return seconds < 172_800 ? `${(seconds / 3600).toFixed(1)} h` : `${(seconds / 86_400).toFixed(1)} days`;
}
