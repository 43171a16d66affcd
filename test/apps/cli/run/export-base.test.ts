import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { writeBase } from '../../../../apps/cli/run/export-base.ts';
import { askThread } from '../../../../apps/cli/run/thread.ts';
import { presets } from '../../../../client/model/config.ts';
import { layoutOf } from '../../../../client/model/parameters.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { built } from '../../../system/built.ts';

test('a thread writes the same base, and says what it cannot replace', async () => {
  const config = presets.nano;
  const facts = { name: 'test', run: '0'.repeat(64), round: 1, license: 'Apache-2.0', corpora: [] };
  const counts = { contributions: 1, tokens: 1, localSteps: 1 };
  const base = () => ({
    ...{ folder: temporaryFolder(), config, tokenizer: null, facts: { ...facts, ...counts } },
    parameters: new Float32Array(layoutOf(config).length).fill(0.5),
  });
  const program = join(dirname((await built()).tapestry), 'export-worker.js');
  const [here, there] = [base(), base()];
  await writeBase(here);
  const { folder } = there;
  expect(await askThread(program, there)).toBeNull();
  for (const name of ['model.safetensors', 'tapestry-base.json'])
    expect(readFileSync(join(folder, name))).toEqual(readFileSync(join(here.folder, name)));
  writeFileSync(join(folder, 'config.json'), 'mine');
  const again = { ...base(), folder };
  expect(await askThread(program, again)).toMatchObject({ code: 'model.foreign-folder' });
});
