import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { buildCommand } from '../../apps/cli/commands/build.ts';
import { exportCommand } from '../../apps/cli/commands/export.ts';
import { mergeCommand } from '../../apps/cli/commands/merge.ts';
import { loadModel } from '../../apps/cli/model/model-folder.ts';
import { exportBase } from '../../apps/cli/run/export-base.ts';
import { nodeNetwork } from '../../client/host/node/network.ts';
import { nodeRuntime } from '../../client/host/node/runtime.ts';
import { CpuDecoder } from '../../client/model/generate/cpu-decoder.ts';
import { generate } from '../../client/model/generate/generate.ts';
import { Random } from '../../client/random.ts';
import { decodeToRelay, type MessageToRelay } from '../../relay/wire/frames.ts';
import { runCommand } from '../support/cli/run-command.ts';
import { Stage, type TestNode, tinyRun } from '../support/contribute/harness.ts';
import { LeakDetector } from './leaks.ts';
import { type Recording, startRecordingProxy } from './recording-proxy.ts';

const stage = new Stage();
afterEach(() => stage.close());

const rounds = 2;
const localSteps = 30;
/** The step of the last round at which the node waits until the other work is over. */
const waitsAt = 15;

/** A run that has not begun, and a node's key: each recording begins with copies of both, so that signatures are equal too. */
async function beginning() {
  const [run, node, base] = [await stage.folder(), await stage.folder(), await stage.folder()];
  const create = tinyRun({ rounds, localSteps, quorum: 1, target: 1 });
  const relay = await stage.relay({ folder: run, create });
  await exportBase(relay, base, []);
  await relay.close();
  await nodeNetwork(nodeRuntime({ folder: node }).files).identity();
  return { run, node, base };
}

interface Recorded {
  readonly offers: readonly string[];
  /** The data of all chunks. */
  readonly payloads: Buffer;
  /** The number of messages of each kind. */
  readonly cases: ReadonlyMap<MessageToRelay['case'], number>;
  readonly streams: readonly Buffer[];
  /** Readings of the training loss while the other work was done. */
  readonly stepsMeanwhile: number;
}

/** Records a node from the beginning to the end of the run. `meanwhile` starts with the node's first step. */
async function recorded(
  { run, node }: { readonly run: string; readonly node: string },
  meanwhile: () => Promise<void>,
  seed = 1,
): Promise<Recorded> {
  const [folder, own] = [await stage.folder(), await stage.folder()];
  cpSync(run, folder, { recursive: true });
  cpSync(node, own, { recursive: true });
  const relay = await stage.relay({ folder });
  const proxy = await startRecordingProxy(relay.url);
  let contributing: TestNode | undefined;
  let working: Promise<void> | undefined;
  let isOver = false;
  let stepsMeanwhile = 0;
  try {
    contributing = stage.node(own, proxy.url, {
      seed,
      onEvent: (event) => {
        if (event.event !== 'step') return;
        working ??= meanwhile().finally(() => {
          isOver = true;
          contributing?.contributor.resume();
        });
        if (!isOver) stepsMeanwhile++;
        if (event.round === rounds && event.step >= waitsAt && !isOver) contributing?.contributor.pause();
      },
    });
    expect(await contributing.done).toBeUndefined();
    await working;
  } finally {
    await proxy.close();
  }
  return { ...read(proxy.recordings), stepsMeanwhile };
}

function read(recordings: readonly Recording[]): Omit<Recorded, 'stepsMeanwhile'> {
  const offers: string[] = [];
  const chunks: Buffer[] = [];
  const cases = new Map<MessageToRelay['case'], number>();
  for (const frame of recordings.flatMap(({ messages }) => messages)) {
    const message = decodeToRelay(new Uint8Array(frame));
    cases.set(message.case, (cases.get(message.case) ?? 0) + 1);
    if (message.case === 'offer') offers.push(frame.toString('hex'));
    if (message.case === 'chunk') chunks.push(Buffer.from(message.value.data));
  }
  const payloads = Buffer.concat(chunks);
  const streams = [
    payloads,
    ...recordings.flatMap(({ bytes, messages, control }) => [
      bytes(),
      Buffer.concat(messages),
      Buffer.concat(control),
    ]),
  ];
  return { offers, payloads, cases, streams };
}

/** Text that occurs in the data of the derivatives alone. */
const secrets = ['qjxzkvwpbfgmquillwort', 'zyxwvutsrqponmlkjquagga', 'vexillological-flummery'];

/** Builds derivatives of every kind of stage, full and with adapters, merges, exports, loads and generates. */
async function derive(base: string, folder: string): Promise<void> {
  const at = (name: string) => join(folder, name);
  const rows = secrets.flatMap((secret, i) =>
    ['a', 'b', 'c', 'd'].map((letter) => ({
      ...{ prompt: `${letter}${i}`, completion: secret.slice(0, 12), text: secret.slice(0, 14) },
      ...{ chosen: secret.slice(0, 8), rejected: secret.slice(8, 16) },
    })),
  );
  const write = (name: string, keys: readonly (keyof (typeof rows)[number])[]) =>
    writeFileSync(
      at(name),
      rows.map((row) => JSON.stringify(Object.fromEntries(keys.map((key) => [key, row[key]])))).join('\n'),
    );
  write('texts.jsonl', ['text']);
  write('answers.jsonl', ['prompt', 'completion']);
  write('pairs.jsonl', ['prompt', 'chosen', 'rejected']);
  const stages = {
    continue: `kind: continue, datasets: [{path: ${at('texts.jsonl')}}]`,
    instruct: `kind: instruct, adapter: qlora, lora_r: 4, peft_use_dora: true, datasets: [{path: ${at('answers.jsonl')}}]`,
    prefer: `kind: prefer, adapter: lora, lora_r: 4, datasets: [{path: ${at('pairs.jsonl')}}]`,
    reinforce: `kind: reinforce, rl: grpo, trl: {num_generations: 2, max_completion_length: 4}, rewards: [{kind: length, target: 2}], datasets: [{path: ${at('answers.jsonl')}}]`,
  };
  const build = async (name: string, kinds: readonly (keyof typeof stages)[]) => {
    const list = kinds.map((kind) => `  - {${stages[kind]}}\n`).join('');
    writeFileSync(
      at(`${name}.yaml`),
      `base_model: ${base}\nreplay: 0\nmax_steps: 2\nmicro_batch_size: 4\nstages:\n${list}`,
    );
    await runCommand(buildCommand(), [at(`${name}.yaml`), '--out', at(name), '--data', at('key')]);
  };
  await build('one', ['continue', 'instruct', 'prefer']);
  await build('two', ['reinforce']);
  writeFileSync(
    at('merge.yaml'),
    `merge_method: ties\nbase_model: ${base}\nmodels:\n  - {model: ${at('one')}, parameters: {weight: 1}}\n  - {model: ${at('two')}, parameters: {weight: 1}}\n`,
  );
  await runCommand(mergeCommand(), [at('merge.yaml'), '--out', at('merged'), '--data', at('key')]);
  const gguf = ['--model', at('merged'), '--to', at('merged.gguf'), '--data', at('key')];
  await runCommand(exportCommand(), gguf);
  const { config, layout, parameters, tokenizer } = await loadModel(at('merged.gguf'));
  const tokens = [tokenizer.beginning, ...tokenizer.encode('a0')];
  const decoder = new CpuDecoder(config, layout, parameters);
  let made = 0;
  const options = { tokenizer, maxTokens: 8, temperature: 0 };
  for await (const _ of generate(decoder, [{ tokens, random: Random.seeded(0, 0) }], options)) made++;
  expect(made).toBeGreaterThan(0);
}

test('contributions are byte for byte the same while every kind of derivative is made on the same device, and nothing of them is sent', async () => {
  const start = await beginning();
  const alone = await recorded(start, async () => {});
  const folder = await stage.folder();
  const beside = await recorded(start, () => derive(start.base, folder));
  expect(beside.stepsMeanwhile).toBeGreaterThan(alone.stepsMeanwhile);

  expect(alone.offers).toHaveLength(rounds);
  expect(alone.payloads.length).toBeGreaterThan(1000);
  expect(beside.offers).toEqual(alone.offers);
  expect(beside.payloads.equals(alone.payloads)).toBe(true);
  // The comparison is of bytes that training decides: the order of the text is enough to change them.
  const other = await recorded(start, async () => {}, 2);
  expect(other.payloads.equals(alone.payloads)).toBe(false);
  // A longer run has more heartbeats, and no other message.
  const others = ({ cases }: Recorded) => [...cases].filter(([name]) => name !== 'heartbeat');
  expect(others(beside)).toEqual(others(alone));
  const detector = new LeakDetector([...secrets, 'answers.jsonl', 'merge.yaml']);
  for (const bytes of beside.streams) expect(detector.find(bytes)).toEqual([]);
});
