import { expect, test } from 'vitest';
import { LoadPayloads } from '../../bench/load/payloads.ts';
import { checkPayload } from '../../relay/run/aggregate.ts';
import { sparseCodec } from '../../relay/wire/codec/sparse.ts';

test('the payloads of a load are valid, differ, and follow from their seed', async () => {
  const codec = sparseCodec({
    ...{ chunk: 4096, top: 64, exponent: -22, maxShift: 14 },
    ...{ clipNorm: 10, feedbackDecay: 0.95 },
  });
  const parameters = 3 * 4096 + 100;
  const [one, same, other] = [1, 1, 2].map((seed) => new LoadPayloads(codec, 4096, parameters, seed));
  const payloads = [one?.next(), one?.next(), other?.next()].map((payload) => payload ?? new Uint8Array());
  for (const payload of payloads) await checkPayload(payload, parameters, codec);
  expect(new Set(payloads.map((payload) => payload.join())).size).toBe(3);
  expect(same?.next()).toEqual(payloads[0]);
});
