import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildCommand } from '../../../../../apps/cli/commands/build.ts';
import { exportCommand } from '../../../../../apps/cli/commands/export.ts';
import { importCommand } from '../../../../../apps/cli/commands/import.ts';
import { mergeCommand } from '../../../../../apps/cli/commands/merge.ts';
import { lineageCommand } from '../../../../../apps/cli/commands/sovereignty/lineage.ts';
import { exit } from '../../../../../apps/cli/exit-codes.ts';
import { parseLineage } from '../../../../../client/formats/lineage/lineage.ts';
import { sha256Hex } from '../../../../../client/sha256.ts';
import { finishedRun } from '../../../../support/cli/finished-run.ts';
import { runCommand } from '../../../../support/cli/run-command.ts';
import { Stage } from '../../../../support/contribute/harness.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';

const stage = new Stage();
let code: typeof process.exitCode;
beforeEach(() => {
  code = process.exitCode;
});
afterEach(async () => {
  process.exitCode = code;
  await stage.close();
});

/** The lineage command's last event, and its exit code. */
async function checked(words: readonly string[]) {
  process.exitCode = 0;
  const events = await runCommand(lineageCommand(), words);
  const ended = process.exitCode;
  process.exitCode = code;
  return { ...events.at(-1), ended };
}

test('a lineage leads from a merge of a build and its base, through an export, back to the base that the journal committed', async () => {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const { relay, run, hash } = await finishedRun(stage, at('base'));
  const signed = ['--data', at('node')];

  const rows = Array.from({ length: 12 }, (_, i) => JSON.stringify({ text: `row ${i}` })).join('\n');
  writeFileSync(at('rows.jsonl'), rows);
  writeFileSync(at('base.txt'), 'two four six '.repeat(40));
  writeFileSync(
    at('one.yaml'),
    `base_model: ${at('base')}\nmax_steps: 2\nmicro_batch_size: 2\nreplay: {text: ${at('base.txt')}}\nstages: [{kind: continue, adapter: lora, lora_r: 4, datasets: [{path: ${at('rows.jsonl')}}]}]\n`,
  );
  await runCommand(buildCommand(), [at('one.yaml'), '--out', at('one'), ...signed]);
  writeFileSync(
    at('merge.yaml'),
    `merge_method: linear\nmodels:\n  - {model: ${at('one')}, parameters: {weight: 1}}\n  - {model: ${at('base')}, parameters: {weight: 1}}\n`,
  );
  await runCommand(mergeCommand(), [at('merge.yaml'), '--out', at('merged'), ...signed]);
  await runCommand(exportCommand(), ['--model', at('merged'), '--to', at('out.gguf'), ...signed]);

  const journal = ['--journal', relay];
  const found = await checked([at('out.gguf'), ...journal]);
  expect(found).toMatchObject({
    ...{ ended: exit.done, ok: true, problems: [], unchecked: [] },
    committed: [{ weights: hash, run: { id: run, round: 1 } }],
    tree: {
      record: { made: 'export', kind: 'derivative', type: 'F16' },
      parents: [
        {
          record: { made: 'merge', method: 'linear' },
          parents: [
            { record: { made: 'build' }, parents: [{ weights: hash, record: null }] },
            { weights: hash, record: null, run: { id: run, round: 1 } },
          ],
        },
      ],
    },
  });
  const file = (name: string) => ({ name: at(name), hash: sha256Hex(readFileSync(at(name))), card: null });
  const { record } = parseLineage(readFileSync(at('one/lineage.json')));
  expect(record).toMatchObject({
    stages: [{ steps: 2, data: [file('rows.jsonl')], replay: [file('base.txt')] }],
  });
  expect(await checked([at('one/adapter-1'), '--model', at('base'), ...journal])).toMatchObject({
    ...{ ended: exit.done, ok: true, unchecked: [], tree: { record: { kind: 'adapter' } } },
  });
  // Without the journal the origin is not called verified, and it is of that run alone.
  expect(await checked([at('one')])).toMatchObject({ ok: true, committed: [], unchecked: [{}] });
  const other = await finishedRun(stage, at('other'));
  expect(await checked([at('one'), '--journal', other.relay])).toMatchObject({
    committed: [],
    unchecked: [{}],
  });

  // Whatever is changed is found.
  const forged = (name: string, change: (text: string) => string) => {
    cpSync(at('one'), at(name), { recursive: true });
    const path = join(at(name), 'lineage.json');
    const text = readFileSync(path, 'utf8');
    expect(change(text)).not.toBe(text);
    writeFileSync(path, change(text));
    return at(name);
  };
  const no = { ok: false, ended: exit.verification };
  const { key } = parseLineage(readFileSync(at('one/lineage.json')));
  for (const [name, change] of [
    ['round', (text: string) => text.replace('"round": 1', '"round": 0')],
    ['data', (text: string) => text.replace(file('rows.jsonl').hash, '0'.repeat(64))],
    ['key', (text: string) => text.replace(key, '0'.repeat(64))],
  ] as const)
    expect(await checked([forged(name, change), ...journal]), name).toMatchObject(no);
  expect(await checked([at('one'), ...journal, '--signer', 'a'.repeat(64)])).toMatchObject(no);
  cpSync(at('merged/model.safetensors'), at('one/model.safetensors'));
  expect(await checked([at('one'), ...journal])).toMatchObject(no);
  await expect(
    runCommand(exportCommand(), ['--model', at('one'), '--to', at('no.gguf'), ...signed]),
  ).rejects.toMatchObject({ code: 'lineage.false' });

  // A weights' file says which round made it, and no signature holds it to that: the journal does.
  const path = at('other/model.safetensors');
  const bytes = readFileSync(path);
  bytes[bytes.indexOf('"tapestry.round":"1"') + '"tapestry.round":"'.length] = '0'.charCodeAt(0);
  writeFileSync(path, bytes);
  await runCommand(importCommand(), [at('other'), '--to', at('imported'), ...signed]);
  expect(await checked([at('imported'), '--journal', other.relay])).toMatchObject({
    ...no,
    problems: [expect.stringContaining('the journal committed other values')],
  });
  await expect(checked([at('other')])).rejects.toMatchObject({ code: 'lineage.missing' });
});
