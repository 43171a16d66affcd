import { parentPort, workerData } from 'node:worker_threads';
import * as v from 'valibot';
import { healthMilliseconds } from '../../../bench/load/health.ts';

/**
 * A thread that asks /healthz each 20 ms over a connection of its own and reports the milliseconds of each answer, and
 * Infinity for one that did not come. It has its own event loop, so that the attacker's work does not count.
 */
const { url, most } = v.parse(v.object({ url: v.string(), most: v.number() }), workerData);
const relay = new URL(url);

setInterval(async () => parentPort?.postMessage(await healthMilliseconds(relay, most)), 20);
