import { parentPort, workerData } from 'node:worker_threads';
import { carriedError } from '../../relay/threads/carried-error.ts';
import { type BaseExport, writeBase } from './run/export-base.ts';

/** The program of the thread that `writeBaseInThread` starts: one base in, null or an error out. */
const base: BaseExport = workerData;
parentPort?.postMessage(await writeBase(base).then(() => null, carriedError));
