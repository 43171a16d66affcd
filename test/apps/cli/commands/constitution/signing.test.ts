import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { exit } from '../../../../../apps/cli/exit-codes.ts';
import { writeModelFolder } from '../../../../../apps/cli/model/write-model.ts';
import { byteTokenizer } from '../../../../../client/data/tokenizer.ts';
import { encodeModelFolder } from '../../../../../client/formats/model-folder.ts';
import { presets } from '../../../../../client/model/config.ts';
import { initialParameters, layoutOf } from '../../../../../client/model/parameters.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';
import { type Built, built, runTapestry } from '../../../../system/built.ts';

let tapestry: Built;
beforeAll(async () => {
  tapestry = await built();
});

const config = { ...presets.nano, layers: 1, dimension: 16, heads: 2, keyValueHeads: 1, feedForward: 32 };
const principles = 'principles:\n  - { id: kind, text: The answer is kind. }\n';

test('a board signs, a changed constitution loses its signatures, and a build refuses without them', async () => {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const run = async (...words: string[]) => {
    const { code, stdout, stderr } = await runTapestry(tapestry, ['constitution', ...words, '--json']);
    return { code, stderr, last: JSON.parse(stdout.trim().split('\n').at(-1) ?? '') };
  };
  const parameters = initialParameters(config, layoutOf(config), 1);
  const notes = { metadata: {}, card: '' };
  await writeModelFolder(
    at('base'),
    encodeModelFolder(config, layoutOf(config), parameters, byteTokenizer, notes),
  );
  writeFileSync(at('draft.yaml'), principles);
  const first = await run('sign', at('draft.yaml'), '--data', at('one'));
  const second = await run('sign', at('draft.yaml'), '--data', at('two'));
  expect(second.last.keys).toEqual([first.last.key, second.last.key]);

  const keys = [first.last.key, second.last.key].map((key) => JSON.stringify(key));
  writeFileSync(at('c.yaml'), `${principles}boards:\n  - { name: elders, keys: [${keys}], needed: 2 }\n`);
  await run('sign', at('c.yaml'), '--data', at('one'));
  expect(await run('verify', at('c.yaml'))).toMatchObject({
    code: exit.verification,
    last: { missing: ['board elders has 1 of 2 signatures'] },
  });
  expect(await run('verify', at('c.yaml'), '--board', 'judges')).toMatchObject({ code: exit.verification });

  writeFileSync(
    at('recipe.yaml'),
    `base_model: ${at('base')}\ndatasets: [{path: x}]\nconstitution: ${at('c.yaml')}\n`,
  );
  const build = () => runTapestry(tapestry, ['build', at('recipe.yaml'), '--dry-run', '--json']);
  expect(await build()).toMatchObject({
    code: exit.failed,
    stdout: expect.stringContaining('constitution.unsigned'),
  });

  await run('sign', at('c.yaml'), '--data', at('two'));
  expect(await run('verify', at('c.yaml'), '--key', second.last.key)).toMatchObject({ code: exit.done });
  // The signatures are no longer what is missing.
  expect((await build()).stdout).toContain('dataset.none');

  writeFileSync(at('c.yaml'), readFileSync(at('c.yaml'), 'utf8').replace('is kind', 'is very kind'));
  expect(await run('verify', at('c.yaml'))).toMatchObject({
    code: exit.verification,
    last: { keys: [], otherVersions: 2 },
  });
  const { last } = await run('diff', at('draft.yaml'), at('c.yaml'));
  expect(last).toMatchObject({ event: 'compared', differences: 2 });
});

test('a constitution that cannot be read, and wrong use, have their exit codes', async () => {
  const missing = await runTapestry(tapestry, ['constitution', 'verify', '/nonexistent/c.yaml']);
  expect(missing).toMatchObject({
    code: exit.failed,
    stderr: expect.stringContaining('constitution.missing'),
  });
  expect(await runTapestry(tapestry, ['constitution', 'sign'])).toMatchObject({ code: exit.usage });
});
