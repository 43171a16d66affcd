import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DataJournal } from '../../../../apps/cli/cards/data-journal.ts';
import { readEvaluationInputs } from '../../../../apps/cli/evaluation/inputs.ts';
import { encodeCard } from '../../../../client/data/cards/card.ts';
import { sha256Hex } from '../../../../client/sha256.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const refuse = (problem: Error) => {
  throw problem;
};

test.each(['pairs', 'prompts', 'harmless'] as const)(
  'rows of --%s that were revoked, or that are not those of their card, are not evaluated on',
  async (option) => {
    const data = temporaryFolder();
    const path = join(data, 'rows.jsonl');
    const text = '{"prompt": "1?", "chosen": "yes", "rejected": "no"}\n';
    const read = async () => {
      const { pairs, answers } = await readEvaluationInputs({ data, [option]: [path] }, refuse);
      return [...pairs.flatMap(({ rows }) => rows), ...answers.prompts, ...answers.harmless].length;
    };
    writeFileSync(path, text);
    const hash = sha256Hex(text);
    writeFileSync(`${path}.card.yaml`, encodeCard({ category: 'private', licence: 'mine', hash }));
    expect(await read()).toBe(1);
    writeFileSync(path, text.replace('1?', '2?'));
    await expect(read()).rejects.toMatchObject({ code: 'card.mismatch' });
    writeFileSync(path, text);
    const time = new Date(0).toISOString();
    await new DataJournal(data).append([
      { event: 'revoked', time, name: path, hash, reason: 'consent withdrawn' },
    ]);
    await expect(read()).rejects.toMatchObject({ code: 'card.revoked' });
  },
);
