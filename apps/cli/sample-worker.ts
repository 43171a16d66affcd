import { parentPort, workerData } from 'node:worker_threads';
import { type SampleRequest, sampleText } from './run/speech/sample-text.ts';

/** The program of the thread that `announceSamples` starts: one request in, one text out. */
const request: SampleRequest = workerData;
parentPort?.postMessage(await sampleText(request));
