import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

const request = 'GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n';

/** Milliseconds of an answer of /healthz over a new connection; Infinity if none came within `most` milliseconds. */
export function healthMilliseconds(relay: URL, most: number): Promise<number> {
  const { hostname, port, protocol } = relay;
  const address = { host: hostname, port: Number(port) };
  const started = performance.now();
  const socket =
    protocol === 'https:' ? connectTls({ ...address, rejectUnauthorized: false }) : connect(address);
  const timer = setTimeout(() => socket.destroy(), most);
  let milliseconds = Number.POSITIVE_INFINITY;
  socket.on('error', () => {});
  socket.write(request);
  socket.on('data', (bytes: Buffer) => {
    if (bytes.toString('latin1').startsWith('HTTP/1.1 200 ')) milliseconds = performance.now() - started;
  });
  return new Promise((resolve) => {
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(milliseconds);
    });
  });
}
