import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildCommand } from '../../../../../apps/cli/commands/build.ts';
import { exitCommand } from '../../../../../apps/cli/commands/sovereignty/exit.ts';
import { exit } from '../../../../../apps/cli/exit-codes.ts';
import { encodeCard } from '../../../../../client/data/cards/card.ts';
import { sha256Hex } from '../../../../../client/sha256.ts';
import { finishedRun } from '../../../../support/cli/finished-run.ts';
import { runCommand } from '../../../../support/cli/run-command.ts';
import { isolation, isUnreachable, runWithoutNetwork } from '../../../../support/cli/without-network.ts';
import { Stage } from '../../../../support/contribute/harness.ts';
import { built } from '../../../../system/built.ts';

const stage = new Stage();
const folder = mkdtempSync(join(tmpdir(), 'tapestry-exit-test-'));
const at = (name: string) => join(folder, name);
let left: Awaited<ReturnType<typeof leaving>>;
let code: typeof process.exitCode;
beforeAll(async () => {
  code = process.exitCode;
  left = await leaving();
});
afterAll(async () => {
  process.exitCode = code;
  await stage.close();
  rmSync(folder, { recursive: true });
});

const lastOf = (stdout: string) => JSON.parse(stdout.trim().split('\n').at(-1) ?? '');

async function checked(folder: string) {
  process.exitCode = 0;
  const events = await runCommand(exitCommand(), ['--check', folder]);
  const ended = process.exitCode;
  process.exitCode = code;
  return { ...events.at(-1), ended };
}

/** A run that is over, a derivative of its base, and the exit of both with the node's state. */
async function leaving() {
  const { relay, node, run, hash } = await finishedRun(stage, at('base'));
  const rows = Array.from({ length: 12 }, (_, i) => JSON.stringify({ text: `row ${i}` })).join('\n');
  writeFileSync(at('rows.jsonl'), rows);
  const recipe = at('recipe.yaml');
  writeFileSync(
    recipe,
    `base_model: ${at('base')}\nreplay: 0\nmax_steps: 2\nmicro_batch_size: 2\nstages: [{kind: continue, adapter: lora, lora_r: 4, datasets: [{path: ${at('rows.jsonl')}}]}]\n`,
  );
  await runCommand(buildCommand(), [recipe, '--out', at('mine'), '--data', node]);
  const card = {
    category: 'private',
    licence: 'the owner’s own',
    hash: sha256Hex(Buffer.from(rows)),
  } as const;
  writeFileSync(at('rows.jsonl.card.yaml'), encodeCard(card));
  const places = [relay, at('mine'), at('base'), node, at('rows.jsonl.card.yaml')];
  await runCommand(exitCommand(), [...places, '--out', at('exit'), '--data', node]);
  return { recipe, run, hash };
}

test('an exit is proved whole without network, and there its models can be built on and generate: no relay is needed', async () => {
  const { recipe, run, hash } = left;
  const tapestry = await built();
  const how = await isolation();
  const server = createServer((_, response) => response.end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  expect(await isUnreachable(how, `http://127.0.0.1:${port}/`), how).toBe(true);
  server.close();

  const proved = await runWithoutNetwork(how, tapestry, ['exit', '--check', at('exit'), '--json']);
  expect(proved.stderr).toBe('');
  expect(lastOf(proved.stdout)).toMatchObject({
    ...{ event: 'exit-checked', ok: true, problems: [], unchecked: [] },
    runs: [{ run, rounds: 1, base: hash }],
    models: ['models/mine', 'models/mine/adapter-1', 'models/base'],
  });
  expect(proved.code).toBe(exit.done);

  writeFileSync(recipe, readFileSync(recipe, 'utf8').replace(at('base'), at('exit/models/base')));
  const island = ['--out', at('island'), '--data', at('key'), '--json'];
  const build = await runWithoutNetwork(how, tapestry, ['build', recipe, ...island]);
  expect(build).toMatchObject({ code: exit.done });
  const words = ['--prompt', 'two ', '--max-tokens', '4', '--greedy', '--json'];
  const generated = await runWithoutNetwork(how, tapestry, ['generate', '--model', at('island'), ...words]);
  expect(generated).toMatchObject({ code: exit.done, stdout: expect.stringContaining('"') });
});

test('an exit holds optimizer state and cards and no private key, and whatever is changed in it is found', async () => {
  const names = readdirSync(at('exit'), { recursive: true }).map(String);
  expect(names.filter((name) => /state-\w+\.safetensors$/.test(name))).toHaveLength(1);
  expect(names.filter((name) => name.endsWith('yaml/rows.jsonl.card.yaml'))).toHaveLength(1);
  expect(names.filter((name) => /identity\.json|relay\.key|\.pem$/.test(name))).toEqual([]);
  expect(await checked(at('exit'))).toMatchObject({ ok: true, ended: exit.done });

  const blob = names.find((name) => /blobs\/\w\w\/\w{64}$/.test(name)) ?? '';
  const flip = (path: string) => {
    const bytes = readFileSync(path);
    const last = bytes.length - 1;
    bytes[last] = (bytes[last] ?? 0) ^ 1;
    writeFileSync(path, bytes);
  };
  const changes: Readonly<Record<string, (folder: string) => void>> = {
    'models/mine/model.safetensors': (folder) => flip(join(folder, 'models/mine/model.safetensors')),
    [blob]: (folder) => flip(join(folder, blob)),
    'models/mine/curves.csv': (folder) => rmSync(join(folder, 'models/mine/curves.csv')),
    'planted.txt': (folder) => writeFileSync(join(folder, 'planted.txt'), ''),
  };
  for (const [place, change] of Object.entries(changes)) {
    cpSync(at('exit'), at('changed'), { recursive: true });
    change(at('changed'));
    expect(await checked(at('changed')), place).toMatchObject({
      ...{ ok: false, ended: exit.verification },
      problems: expect.arrayContaining([expect.objectContaining({ place })]),
    });
    rmSync(at('changed'), { recursive: true });
  }
  const list = readFileSync(at('exit/exit.json'), 'utf8');
  writeFileSync(at('exit/exit.json'), list.replace('models/mine/curves.csv', 'models/mine/curves.tsv'));
  await expect(checked(at('exit'))).rejects.toMatchObject({ code: 'verify.exit-list' });
  await expect(checked(at('mine'))).rejects.toMatchObject({ code: 'exit.missing' });
  await expect(runCommand(exitCommand(), [])).rejects.toMatchObject({ code: 'usage.exit' });
});
