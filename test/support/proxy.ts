import { createServer as createHttpServer, type IncomingMessage, request } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect } from 'node:net';
import { onTestFinished } from 'vitest';

export interface ProxySettings {
  /** The Host that reaches the relay: the one that the client sent, or as nginx sends by default, the relay's own address. */
  readonly host: 'keep' | 'upstream';
  /** Requests outside of this path are answered 404; it starts and ends with a slash. */
  readonly path?: string;
  /** Removes the path from the targets that the relay gets. */
  readonly strips?: boolean;
  /** The certificate with which the proxy ends TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

export interface Proxy {
  readonly url: URL;
  /** Forwards later requests to this relay. */
  forwardTo(relay: URL): void;
}

/** A usual reverse proxy for HTTP and WebSockets; it closes when the test is over. */
export async function startProxy({ host, path = '/', strips = true, tls }: ProxySettings): Promise<Proxy> {
  let upstream = new URL('http://127.0.0.1:1/');
  const rewritten = (incoming: IncomingMessage) => {
    const target = incoming.url ?? '/';
    if (!target.startsWith(path)) return null;
    const headers: Record<string, string | string[]> = {};
    for (const [name, value] of Object.entries(incoming.headers))
      if (value !== undefined) headers[name] = value;
    if (host === 'upstream') headers['host'] = upstream.host;
    headers['x-forwarded-for'] = incoming.socket.remoteAddress ?? '';
    headers['x-forwarded-proto'] = tls === undefined ? 'http' : 'https';
    return { target: strips ? target.slice(path.length - 1) : target, headers };
  };
  const server = tls === undefined ? createHttpServer() : createHttpsServer(tls);
  server.on('request', (incoming, outgoing) => {
    const sent = rewritten(incoming);
    if (sent === null) return outgoing.writeHead(404).end('the proxy has nothing here\n');
    const { hostname, port } = upstream;
    const options = {
      hostname,
      port,
      method: incoming.method ?? 'GET',
      path: sent.target,
      headers: sent.headers,
    };
    const forwarded = request(options, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    forwarded.on('error', () => outgoing.destroy());
    outgoing.on('close', () => forwarded.destroy());
    return incoming.pipe(forwarded);
  });
  server.on('upgrade', (incoming, socket, head) => {
    const sent = rewritten(incoming);
    if (sent === null) return socket.end('HTTP/1.1 404 Not Found\r\n\r\n');
    const lines = Object.entries(sent.headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const forwarded = connect(Number(upstream.port), upstream.hostname, () => {
      forwarded.write(`GET ${sent.target} HTTP/1.1\r\n${lines.join('')}\r\n`);
      forwarded.write(head);
      forwarded.pipe(socket).pipe(forwarded);
    });
    forwarded.on('error', () => socket.destroy());
    socket.on('error', () => forwarded.destroy());
    return forwarded;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: new URL(`${tls === undefined ? 'http' : 'https'}://localhost:${port}${path}`),
    forwardTo(relay) {
      upstream = relay;
    },
  };
}
