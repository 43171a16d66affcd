import { parentPort, workerData } from 'node:worker_threads';
import { type ProbeRequest, probeLoss } from './run/guard/probe-loss.ts';

/** The program of the thread that `evaluateInThread` starts: one base in, one loss out. */
const request: ProbeRequest = workerData;
parentPort?.postMessage(await probeLoss(request));
