import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { FrameReader, framed } from '../../../client/formats/framed.ts';
import { openFetchSocket } from '../../../client/host/fetch-socket.ts';
import { maxMessageBytes } from '../../../client/host/relay-errors.ts';
import { openSocket } from '../../../client/host/relay-socket.ts';
import { frameHeaders, socketNames, subprotocol } from '../../../relay/wire/frames.ts';
import { until } from '../../support/relay/stage.ts';

type Post = (request: IncomingMessage, body: Buffer) => number | Promise<number>;

/** A server that answers a GET with `down`, and each POST with the status that `post` gives. */
async function serve(
  down: (response: ServerResponse, request: IncomingMessage) => void,
  post: Post = () => 204,
) {
  const server = createServer(async (request, response) => {
    if (request.method === 'GET') return down(response, request);
    response.writeHead(await post(request, await buffer(request))).end();
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return new URL(`http://127.0.0.1:${port}/below/node/frames`);
}

const accept = (response: ServerResponse) => {
  response.writeHead(200, { [frameHeaders.connection]: 'secret' }).flushHeaders();
};
const open = (url: URL) => openFetchSocket(url, subprotocol, frameHeaders);

async function all(messages: AsyncIterable<Uint8Array>): Promise<string[]> {
  const texts: string[] = [];
  for await (const message of messages) texts.push(new TextDecoder().decode(message));
  return texts;
}

const bytes = (text: string) => new TextEncoder().encode(text);

test('frames go up in order, each once, in requests that name how many went before', async () => {
  const requests: { after: string | null; name: unknown; frames: string[] }[] = [];
  const url = await serve(accept, ({ url, headers }, body) => {
    const frames = [...new FrameReader(2 ** 17).read(body)].map((frame) => new TextDecoder().decode(frame));
    const after = new URLSearchParams(url?.split('?')[1]).get('after');
    requests.push({ after, name: headers[frameHeaders.connection], frames });
    return 204;
  });
  const socket = await open(url);
  const sent = Array.from({ length: 9 }, (_, i) => String(i).repeat(20_000));
  for (const text of sent) socket.send(bytes(text));
  expect(socket.buffered).toBe(9 * 20_004);
  await until(() => socket.buffered === 0);
  expect(requests.flatMap(({ frames }) => frames)).toEqual(sent);
  let before = 0;
  for (const { after, name, frames } of requests) {
    expect([after, name]).toEqual([String(before), 'secret']);
    before += frames.length;
  }
  expect(requests.length).toBeGreaterThan(2);
  expect(requests.length).toBeLessThan(9);
  socket.close();
});

test('messages come down however the response is cut, and end with it', async () => {
  const url = await serve(async (response) => {
    accept(response);
    const stream = Buffer.concat([framed(bytes('one')), framed(bytes('')), framed(bytes('three'))]);
    for (const byte of stream) {
      response.write(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  });
  const socket = await open(url);
  expect(await all(socket.messages)).toEqual(['one', '', 'three']);
  expect(socket.arrived).toBe(3);
});

test.each([
  ['ends within a message', framed(bytes('cut')).subarray(0, 6)],
  ['sends a longer message than any valid one', framed(new Uint8Array(maxMessageBytes + 1)).subarray(0, 4)],
])('a relay that %s breaks the connection', async (_, sent) => {
  const url = await serve((response) => {
    accept(response);
    response.end(sent);
  });
  await expect(all((await open(url)).messages)).rejects.toMatchObject({ code: 'relay.unreachable' });
});

test('a request that is refused breaks the connection, unless the relay has ended it', async () => {
  const refusing = await open(await serve(accept, () => 409));
  refusing.send(bytes('frame'));
  await expect(all(refusing.messages)).rejects.toMatchObject({ code: 'relay.unreachable' });
  const ended = Promise.withResolvers<ServerResponse>();
  const url = await serve(
    (response) => {
      accept(response);
      ended.resolve(response);
    },
    async () => {
      setImmediate(async () => (await ended.promise).end(framed(bytes('goodbye'))));
      return 410;
    },
  );
  const gone = await open(url);
  gone.send(bytes('frame'));
  expect(await all(gone.messages)).toEqual(['goodbye']);
});

test('closing sends what waits and then ends the connection', async () => {
  const taken: Buffer[] = [];
  const ended = Promise.withResolvers<void>();
  const url = await serve(
    (response) => {
      accept(response);
      response.once('close', () => ended.resolve());
    },
    (_request, body) => {
      taken.push(body);
      return 204;
    },
  );
  const socket = await open(url);
  socket.send(bytes('leave'));
  socket.close();
  socket.send(bytes('too late'));
  await ended.promise;
  expect(taken).toEqual([Buffer.from(framed(bytes('leave')))]);
});

test('no server that is no relay, or that redirects, is taken for one', async () => {
  for (const status of [200, 404, 429, 503]) {
    const url = await serve((response) => void response.writeHead(status).end());
    await expect(open(url)).rejects.toMatchObject({ code: 'relay.unreachable' });
  }
  const moved = await serve(
    (response) => void response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end(),
  );
  await expect(open(moved)).rejects.toMatchObject({ code: 'relay.redirected' });
});

test('where no WebSocket opens a socket opens by HTTP, below the same path; if neither does, the WebSocket says why', async () => {
  const asked: unknown[] = [];
  const frames = await serve((response, { url, headers }) => {
    asked.push([url, headers[frameHeaders.protocol]]);
    accept(response);
    response.end(framed(bytes('challenge')));
  });
  const socket = await openSocket(new URL('node', `ws://${frames.host}/below/`), socketNames);
  expect(await all(socket.messages)).toEqual(['challenge']);
  expect(asked).toEqual([
    ['/below/node', undefined],
    ['/below/node/frames', subprotocol],
  ]);
  const nowhere = await serve((response) => void response.writeHead(404).end());
  await expect(openSocket(new URL('node', `ws://${nowhere.host}/below/`), socketNames)).rejects.toMatchObject(
    { code: 'relay.unreachable', message: expect.not.stringContaining('404') },
  );
});
