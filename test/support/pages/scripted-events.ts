import type { WorkerEvent } from '../../../apps/contribute/worker/worker-api.ts';
import { Random } from '../../../client/random.ts';

const base = 'ab'.repeat(32);
const fate = { outcome: 'scaled', share: 0.976, weight: 0.25 } as const;

/** A contributor's events in `rounds` accepted rounds of 50 steps and half of another. */
export function scriptedEvents(rounds: number): WorkerEvent[] {
  const random = Random.seeded(rounds);
  const steps = 50;
  const events: WorkerEvent[] = [
    { event: 'adapter', name: 'NVIDIA GeForce RTX 4070', software: false },
    {
      event: 'joined',
      run: base,
      name: 'Workshop, Tuesday',
      node: 'cd'.repeat(32),
      corpus: 'Romance',
      round: 1,
      rounds: 20,
      base,
      parameters: 528_128,
      localSteps: steps,
      tokensPerStep: 512,
      trainingBytes: 31_457_280,
    },
    { event: 'corpus', tokens: 1_443_000, heldOutTokens: 160_000 },
    { event: 'compiled', milliseconds: 800 },
    { event: 'syncing', round: 1, base },
    { event: 'synced', round: 1, base, bytes: 2_112_512, milliseconds: 310 },
  ];
  let chunk = 0;
  for (let round = 1; round <= rounds + 1; round++) {
    const at = (step: number) => 2.05 + 3.4 * Math.exp(-(round - 1 + step / steps) / 3);
    events.push({ event: 'round', round, base, steps, heldOutLoss: at(0) + 0.1 });
    for (let step = 1; step <= (round > rounds ? 23 : steps); step++)
      events.push({
        event: 'step',
        round,
        step,
        steps,
        tokens: step * 512,
        loss: at(step) + (random.uniform() - 0.5) * 0.2,
        tokensPerSecond: 4_810,
      });
    if (round > rounds) break;
    const numbers = { round, base, payload: base, payloadBytes: 530_192, tokens: steps * 512 };
    events.push({
      event: 'contribution',
      ...numbers,
      steps,
      trainingLoss: at(steps),
      heldOutLoss: at(0),
      part: 'whole',
      norm: 0.8,
    });
    chunk += 530_244;
    events.push({ event: 'acknowledged', round, payload: base, tokens: steps * 512, sequence: round });
    events.push({ event: 'committed', round, base, contributions: 3, tokens: 76_800, fate });
    events.push({
      event: 'sent',
      bytes: { join: 182, offer: 212 * round, chunk, heartbeat: 39 * 11 * round, leave: 0 },
      received: 900 * round + 2_112_512 * round,
    });
    events.push({ event: 'synced', round: round + 1, base, bytes: 2_112_512, milliseconds: 310 });
  }
  return events;
}
