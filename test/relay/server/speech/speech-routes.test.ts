import * as v from 'valibot';
import { expect, test } from 'vitest';
import { PresenterClient } from '../../../../apps/dashboard/presenter/presenter-client.ts';
import { SpeechFeed } from '../../../../apps/dashboard/speech/speech-feed.ts';
import type { Relay } from '../../../../relay/server/server.ts';
import { speechSchema } from '../../../../relay/wire/speech/speech.ts';
import { get, journal, start, until } from '../../../support/relay/stage.ts';

const presenter = 'warp and weft';
const starts = [{ corpus: 'South', text: 'Ku ya' }];

function speaking(relay: Relay): Relay {
  relay.speak({ prompt: 'All', starts, write: async (round, prompt) => `${prompt} after ${round}` });
  return relay;
}

async function speechOf(relay: Relay) {
  return v.parse(speechSchema, await (await get(relay, 'api/speech')).json());
}

function post(
  relay: Relay,
  body: string,
  headers: Record<string, string> = { 'content-type': 'application/json' },
) {
  return fetch(new URL('api/speech', relay.url), { method: 'POST', body, headers }).then(
    ({ status }) => status,
  );
}

test('whoever watches sends a prompt, the base continues it, and the presenter skips it', async () => {
  const relay = speaking(await start({ presenter }));
  const feed = new SpeechFeed((request) => fetch(new URL('api/speech', relay.url), request));
  await until(async () => (await speechOf(relay)).writings[0]?.text === 'All after 0');
  const { speech } = relay.status();
  expect(await feed.send({ text: ' a word ', corpus: null })).toBe('taken');
  expect(await feed.send({ text: 'a\u202eb', corpus: null })).toBe('unfit');
  await until(() => relay.status().speech === (speech ?? 0) + 1);
  const steer = new PresenterClient(presenter, (request) =>
    fetch(new URL('api/presenter', relay.url), request),
  );
  expect(await steer.act({ action: 'skip', prompt: 9 })).toBe('gone');
  expect(await steer.act({ action: 'skip', prompt: 0 })).toBe('done');
  await until(async () => (await speechOf(relay)).writings[0]?.text === 'a word after 0');
  await feed.refresh();
  expect(feed.speech.value).toMatchObject({
    prompt: { text: 'a word', corpus: null },
    waiting: 0,
    isOpen: true,
    starts,
  });
  expect(await post(relay, JSON.stringify({ text: 'Ku ya', corpus: 'South' }))).toBe(202);
  // A prompt is no part of the run.
  expect((await journal(relay)).map(({ kind }) => kind)).toEqual(['run-created']);
});

test('what is no prompt is refused', async () => {
  const relay = speaking(await start({ presenter }));
  const prompt = { text: 'a', corpus: null };
  expect(await post(relay, JSON.stringify(prompt), { 'content-type': 'text/plain' })).toBe(415);
  const wrong = [
    'no JSON',
    'null',
    JSON.stringify({ text: 'a' }),
    JSON.stringify({ ...prompt, more: 1 }),
    JSON.stringify({ ...prompt, text: '\u0007a' }),
    // Another text under the name of a corpus, and a corpus that is not there.
    JSON.stringify({ text: 'a', corpus: 'South' }),
    JSON.stringify({ text: 'Ku ya', corpus: 'North' }),
  ];
  for (const body of wrong) expect(await post(relay, body), body).toBe(400);
  expect(await post(relay, JSON.stringify({ ...prompt, text: 'a'.repeat(2000) }))).toBe(413);
  for (let i = 0; i < 8; i++) expect(await post(relay, JSON.stringify(prompt))).toBe(202);
  expect(await post(relay, JSON.stringify(prompt))).toBe(503);
  expect((await speechOf(relay)).waiting).toBe(8);
});

test('without a presenter the bases write, and nobody sends a prompt; without a writer nothing is there', async () => {
  const relay = await start();
  expect((await get(relay, 'api/speech')).status).toBe(404);
  expect(await post(relay, '{}')).toBe(404);
  expect(relay.status().speech).toBeUndefined();
  speaking(relay);
  await until(async () => (await speechOf(relay)).writings[0]?.text === 'All after 0');
  expect((await speechOf(relay)).isOpen).toBe(false);
  expect(await post(relay, JSON.stringify({ text: 'a', corpus: null }))).toBe(403);
});
