import { type RoundLimits, reduce, refusalOf, waiting } from '../../relay/run/round.ts';

/** A contribution on its way: who sends it, and when it is there. */
export interface Arrival {
  readonly node: string;
  readonly atMs: number;
}

/** Which arrivals a round counts, by the relay's own round machine. Every node is connected when the round opens. */
export function counted(arrivals: readonly Arrival[], limits: RoundLimits): Arrival[] {
  let state = waiting(1, 0, '');
  const isExpected = true;
  const take = (event: Parameters<typeof reduce>[1]) => {
    const next = reduce(state, event, limits);
    state = next.state;
    return next.effect;
  };
  for (const _ of arrivals) take({ type: 'joined', isAwaited: true, isExpected, time: 0 });
  take({ type: 'opened', time: 0 });
  const taken: Arrival[] = [];
  for (const arrival of [...arrivals].sort((one, other) => one.atMs - other.atMs)) {
    const time = arrival.atMs;
    if (refusalOf(state, { round: 1, base: '', isExpected, others: 0 }, time, limits) !== null) continue;
    taken.push(arrival);
    if (take({ type: 'contributed', isConnected: true, isExpected, time }) === 'close') break;
  }
  return taken;
}
