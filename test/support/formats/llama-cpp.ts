import { execFile } from 'node:child_process';
import { cp, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Only this platform's package of node-llama-cpp is installed. */
export const hasLlamaCpp = process.platform === 'linux' && process.arch === 'x64';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../../..');
const wanted = join(root, 'test/support/llama-cpp');

/**
 * llama.cpp is not among the project's packages, because npm cannot leave out those of its packages that are for CUDA and
 * Vulkan and have hundreds of megabytes. It is installed beside them, from a lock file of its own, once.
 */
async function installed(): Promise<string> {
  const folder = join(root, 'node_modules/.cache/llama-cpp-3.22.1');
  if ((await stat(folder).catch(() => null)) !== null) return folder;
  const beside = `${folder}.${process.pid}`;
  await mkdir(beside, { recursive: true });
  for (const name of ['package.json', 'package-lock.json']) await cp(join(wanted, name), join(beside, name));
  // Not `ci`: it refuses a lock file that lacks the optional packages of other systems.
  const flags = ['--no-save', '--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund'];
  await run('npm', ['install', ...flags], { cwd: beside });
  await rename(beside, folder).catch(() => rm(beside, { recursive: true, force: true }));
  return folder;
}

export interface Continuing {
  readonly model: string;
  readonly adapter?: string;
  /** Token ids before the text. */
  readonly before: readonly number[];
  readonly text: string;
  readonly count: number;
}

export interface Continued {
  /** The text's tokens as llama.cpp makes them. */
  readonly text: readonly number[];
  /** The likeliest token each time. */
  readonly made: readonly number[];
  readonly end: number;
}

const program = `
import { getLlama, LlamaLogLevel } from 'node-llama-cpp';
const tasks = JSON.parse(process.argv[2]);
const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true, maxThreads: 2, logLevel: LlamaLogLevel.disabled, progressLogs: false });
const all = [];
for (const { model: modelPath, adapter, before, text, count } of tasks) {
  const model = await llama.loadModel({ modelPath, gpuLayers: 0 });
  const lora = adapter === undefined ? {} : { lora: { adapters: [{ filePath: adapter, scale: 1 }] } };
  const context = await model.createContext({ contextSize: 64, batchSize: 64, threads: 2, ...lora });
  const tokens = model.tokenize(text, false);
  const made = [];
  for await (const token of context.getSequence().evaluate([...before, ...tokens], { temperature: 0 })) {
    made.push(token);
    if (made.length === count) break;
  }
  all.push({ text: tokens, made, end: model.tokens.eos });
  await context.dispose();
  await model.dispose();
}
console.log(JSON.stringify(all));
process.exit(0);
`;

/** Continues texts with llama.cpp on the CPU. */
export async function continueWithLlamaCpp(tasks: readonly Continuing[]): Promise<readonly Continued[]> {
  const cwd = await installed();
  // A file, and not --eval: node-llama-cpp hands its process's flags on to the one that tests its binary.
  const path = join(cwd, 'continue.mjs');
  await writeFile(path, program);
  const { stdout } = await run(process.execPath, [path, JSON.stringify(tasks)], { cwd });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}
