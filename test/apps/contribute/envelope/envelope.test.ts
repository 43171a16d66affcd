import { afterAll, expect, test } from 'vitest';
import { Envelope } from '../../../../apps/contribute/envelope/envelope.ts';
import type { OwnDelta } from '../../../../apps/contribute/envelope/envelope-api.ts';
import { nodeGpu, nodeRuntime } from '../../../../client/host/node/runtime.ts';
import { Stage, tinyRun, tinyTerms } from '../../../support/contribute/harness.ts';
import { upperTerms } from '../../../support/contribute/upper-terms.ts';
import { withoutRoomFor } from '../../../support/watch-devices.ts';

const stage = new Stage();
afterAll(() => stage.close());

/** A node's envelope after its contributions to a whole run. */
async function contributed(
  run: Partial<Parameters<typeof tinyRun>[0]>,
  bytes = Number.POSITIVE_INFINITY,
): Promise<Envelope> {
  const create = tinyRun({ rounds: 1, localSteps: 40, quorum: 1, target: 1, ...run });
  const relay = await stage.relay({ folder: await stage.folder(), create });
  const envelope = new Envelope();
  const folder = await stage.folder();
  const gpu = withoutRoomFor(await nodeGpu(), bytes);
  const runtime = { ...nodeRuntime({ folder }), gpu: async () => gpu };
  expect(await stage.node(folder, relay.url, { witness: envelope, runtime }).done).toBeUndefined();
  return envelope;
}

async function newestDelta(envelope: Envelope): Promise<OwnDelta> {
  const chunk = (await envelope.sentMessages('chunk')).at(-1);
  const delta = chunk ? await envelope.openDelta(chunk.id) : 'dropped';
  if (typeof delta === 'string') throw new Error(delta);
  return delta;
}

test('a node’s own messages are opened, and its delta tells which tokens its text has', async () => {
  const envelope = await contributed({});
  // No goodbye: the relay may close the connection of a complete run first.
  for (const type of ['join', 'offer', 'chunk'] as const) {
    const [message] = await envelope.sentMessages(type);
    const opened = message ? await envelope.openMessage(message.id) : null;
    expect(opened?.type).toBe(type);
    expect(opened?.fields.reduce((sum, { bytes }) => sum + bytes, opened.header)).toBe(message?.bytes);
  }
  const { guesses, tensors, ...facts } = await newestDelta(envelope);
  expect(facts).toMatchObject({ round: 1, steps: 40, tokens: 40 * 32, isAsOffered: true });
  expect(tensors.map(({ name }) => name)).toEqual(tinyTerms.layout.tensors.map(({ name }) => name));
  const squares = tensors.reduce((sum, { norm }) => sum + norm * norm, 0);
  expect(Math.sqrt(squares)).toBeCloseTo(facts.norm, 6);
  expect(Math.max(...tensors.flatMap(({ cells }) => [...cells]))).toBe(255);
  // The text is "two four six" again and again, in one document: its beginning, its end, nine letters and the space.
  expect(guesses).toMatchObject({ vocabulary: 260, inText: 12, width: 32 });
  expect(guesses.separation).toBeGreaterThan(0.9);
  expect(guesses.right).toBeGreaterThanOrEqual(9);
  expect(guesses.surest.map(({ text }) => text)).toContain('␣');
});

test('a delta of one fragment of the model is opened too', async () => {
  const { tensors, isAsOffered } = await newestDelta(
    await contributed({ rounds: 2, fragments: { count: 2, block: 64, localShare: null } }),
  );
  const [embedding] = tensors;
  expect(isAsOffered).toBe(true);
  expect(embedding?.changed).toBeLessThanOrEqual((embedding?.values ?? 0) / 2);
  expect(embedding?.changed).toBeGreaterThan(0);
});

test('a delta of the upper layers is opened in its place, and has nothing of the embedding', async () => {
  const { length, tensors } = upperTerms.layout;
  const delta = await newestDelta(await contributed({ upperLayers: 1 }, 4 * length));
  expect(delta.isAsOffered).toBe(true);
  expect(delta.tensors.map(({ name }) => name)).toEqual(tensors.map(({ name }) => name));
  for (const { name, changed } of delta.tensors)
    expect(changed > 0, name).toBe(/layers\.1\.|^model\.norm/.test(name));
  // The head is the embedding, which this node did not train.
  expect(delta.guesses.right).toBe(0);
});

test('what is not stored is not opened', async () => {
  expect(await new Envelope().openMessage(0)).toBeNull();
  expect(await new Envelope().openDelta(0)).toBe('no-run');
});
