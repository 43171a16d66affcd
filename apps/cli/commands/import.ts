import { basename, resolve } from 'node:path';
import { signLineage } from '../../../client/derive/lineage.ts';
import { TapestryError } from '../../../client/errors.ts';
import { importedCard } from '../../../client/formats/imported-card.ts';
import { encodeLineage, lineageFile } from '../../../client/formats/lineage/lineage.ts';
import { encodeModelFolder, parametersHash } from '../../../client/formats/model-folder.ts';
import { diskFiles } from '../../../client/host/disk.ts';
import { identityInFiles } from '../../../client/identity.ts';
import { checkShape } from '../../../client/model/decoder.ts';
import type { LoadedModel } from '../../../client/model/files/read-model.ts';
import { Command } from '../command.ts';
import { parentageOf } from '../lineage/parent.ts';
import { loadModel } from '../model/model-folder.ts';
import { requireNewFolder, writeModelFolder } from '../model/write-model.ts';
import { withExamples, withJson, withSigner } from '../options.ts';
import { Output } from '../terminal/output.ts';
import { quantity } from '../terminal/table.ts';
import { version } from '../version.ts';

interface ImportFlags {
  readonly to: string;
  readonly name?: string;
  readonly data: string;
  readonly json: boolean;
}

export function importCommand(): Command {
  const command = new Command('import')
    .description(
      'Make a base of a LLaMA model from elsewhere: a folder of Hugging Face (safetensors in F32, F16 or BF16, also in ' +
        'several files) or a GGUF file (f32, f16, bf16, q8_0, q4_0). Its vocabulary stays its own.',
    )
    .argument('<model>', 'a folder, or a file that ends with .gguf')
    .requiredOption('--to <folder>', 'where to write the base')
    .option('--name <text>', "the model's name in its card (default: the file's own)")
    .action(runImport);
  return withExamples(withJson(withSigner(command)), [
    'tapestry import SmolLM2-135M --to bases/smollm2',
    'tapestry import model-q8_0.gguf --to bases/open --name org/open-model',
  ]);
}

async function runImport(source: string, flags: ImportFlags): Promise<void> {
  const output = new Output(flags.json);
  await requireNewFolder(flags.to, '--to');
  const model = await loadModel(source);
  refuseDerivative(model);
  const { config, layout, parameters, tokenizer } = model;
  checkShape(config);
  const hash = parametersHash(parameters);
  const name = flags.name ?? model.name ?? basename(resolve(source));
  const files = encodeModelFolder(config, layout, parameters, tokenizer, {
    metadata: { 'tapestry.kind': 'base', 'tapestry.base': hash, 'tapestry.source': name },
    card: importedCard(config, name, hash),
  });
  const { parent, family } = await parentageOf(source, model, name);
  const record = {
    ...{ made: 'import' as const, kind: 'base' as const, weights: hash, parents: [parent] },
    ...{ constitution: null, code: version },
  };
  const signer = await identityInFiles(diskFiles(flags.data));
  const lineage = await signLineage(record, family === null ? [] : [family], signer);
  await writeModelFolder(flags.to, files, { [lineageFile]: encodeLineage(lineage) });
  const { trained: count } = layout;
  output.result(
    { event: 'imported', folder: resolve(flags.to), base: hash, name, parameters: count, config },
    `${name}: ${quantity(count)} parameters, ${quantity(config.vocabularySize)} tokens. The base ${hash.slice(0, 12)} is in ${flags.to}.`,
  );
}

/** What a derivative learnt must not come into a run's base. Throws `model.derivative`. */
function refuseDerivative({ metadata }: LoadedModel): void {
  if (metadata['tapestry.kind'] !== 'derivative') return;
  throw new TapestryError(
    'model.derivative',
    'The model says that it is a derivative, and a derivative stays where it was made.',
    'Import the model that it was made from.',
  );
}
