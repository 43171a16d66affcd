import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { parentPort, workerData } from 'node:worker_threads';
import * as v from 'valibot';
import { ask } from './attack.ts';

/**
 * A thread that asks /healthz each 20 ms over a connection of its own and reports the milliseconds of each answer, and
 * Infinity for one that did not come. It has its own event loop, so that the attacker's work does not count.
 */
const { url, most } = v.parse(v.object({ url: v.string(), most: v.number() }), workerData);
const { hostname, port, protocol } = new URL(url);
const address = { host: hostname, port: Number(port) };

function probe(): void {
  const started = performance.now();
  const socket =
    protocol === 'https:' ? connectTls({ ...address, rejectUnauthorized: false }) : connect(address);
  const timer = setTimeout(() => socket.destroy(), most);
  let milliseconds = Number.POSITIVE_INFINITY;
  socket.on('error', () => {});
  socket.write(ask('/healthz').replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n'));
  socket.on('data', (bytes: Buffer) => {
    if (bytes.toString('latin1').startsWith('HTTP/1.1 200 ')) milliseconds = performance.now() - started;
  });
  socket.on('close', () => {
    clearTimeout(timer);
    parentPort?.postMessage(milliseconds);
  });
}

setInterval(probe, 20);
