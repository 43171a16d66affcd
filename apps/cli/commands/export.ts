import { basename, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { TapestryError } from '../../../client/errors.ts';
import { encodeGgufAdapter } from '../../../client/formats/gguf/adapter.ts';
import { encodeGgufModel } from '../../../client/formats/gguf/model.ts';
import { importedCard } from '../../../client/formats/imported-card.ts';
import { encodeModelFolder, parametersHash } from '../../../client/formats/model-folder.ts';
import type { LoadedModel } from '../../../client/model/files/read-model.ts';
import { loadAdapter, lowRankMatrices, saveAdapter } from '../model/adapter-folder.ts';
import { loadModel } from '../model/model-folder.ts';
import { requireNewFolder, writeModelFolder } from '../model/write-model.ts';
import { writeNewFile } from '../new-file.ts';
import { withExamples, withJson } from '../options.ts';
import { Output } from '../terminal/output.ts';
import { bytes } from '../terminal/table.ts';

const types = { f32: 'F32', f16: 'F16', bf16: 'BF16', q8_0: 'Q8_0' } as const;
const formats = ['gguf', 'safetensors', 'peft'] as const;

interface ExportFlags {
  readonly model: string;
  readonly to: string;
  readonly adapter?: string;
  readonly format: (typeof formats)[number];
  readonly dtype?: keyof typeof types;
  readonly json: boolean;
}

export function exportCommand(): Command {
  const command = new Command('export')
    .description(
      'Write a model for other tools: one GGUF file for llama.cpp, Ollama and LM Studio, or a folder for transformers, MLX-LM and vLLM.',
    )
    .requiredOption('--model <path>', "a model's folder, or a GGUF file")
    .requiredOption('--to <path>', 'the file or folder to write')
    .option('--adapter <folder>', 'write this adapter of the model and not the model: as GGUF or as PEFT')
    .addOption(new Option('--format <name>', 'of what is written').choices(formats).default('gguf'))
    .addOption(
      new Option(
        '--dtype <name>',
        'of the weights: f32, f16 or q8_0 in GGUF (default: f16); f32, f16 or bf16 in safetensors (default: f32)',
      ).choices(Object.keys(types)),
    )
    .action(runExport);
  return withExamples(withJson(command), [
    'tapestry export --model .tapestry/demo/base --to base.gguf',
    'tapestry export --model derivative --to derivative-q8_0.gguf --dtype q8_0',
    'tapestry export --model bases/open --format safetensors --dtype bf16 --to open-bf16',
    'tapestry export --model bases/open --adapter adapter --to adapter.gguf',
  ]);
}

async function runExport(flags: ExportFlags): Promise<void> {
  const output = new Output(flags.json);
  const { format, to } = flags;
  if (format !== 'gguf') await requireNewFolder(to, '--to');
  const model = await loadModel(flags.model);
  if (flags.adapter !== undefined) return exportAdapter(flags, flags.adapter, model, output);
  if (format === 'peft')
    throw new TapestryError('usage.format', '--format peft writes adapters.', 'Name one with --adapter.');
  const dtype = flags.dtype ?? (format === 'gguf' ? 'f16' : 'f32');
  const type = types[dtype];
  const name = model.name ?? model.metadata['tapestry.source'] ?? basename(resolve(flags.model));
  const size = await (format === 'gguf' ? writeGguf : writeFolder)(to, model, name, type);
  output.result(
    { event: 'exported', path: resolve(to), format, dtype, bytes: size },
    `${to}: ${bytes(size)} in ${dtype}.`,
  );
}

async function exportAdapter(
  { format, to }: ExportFlags,
  folder: string,
  { config, layout, parameters }: LoadedModel,
  output: Output,
): Promise<void> {
  const { settings, adapter, baseModel, metadata } = await loadAdapter(folder, layout);
  if (format === 'safetensors')
    throw new TapestryError('usage.format', 'An adapter is written as gguf or peft.', 'Pass one of these.');
  if (format === 'peft')
    await saveAdapter(to, settings, adapter, {
      baseModel: baseModel ?? parametersHash(parameters),
      metadata,
    });
  else {
    const name = basename(resolve(folder));
    await writeNewFile(
      to,
      encodeGgufAdapter(config, name, settings.alpha, lowRankMatrices(adapter), metadata),
      '--to',
    );
  }
  const { length } = adapter.matrices;
  output.result(
    { event: 'exported', path: resolve(to), format, adaptedMatrices: length },
    `${to}: an adapter of ${length} matrices.`,
  );
}

type Type = (typeof types)[keyof typeof types];

async function writeGguf(path: string, model: LoadedModel, name: string, type: Type): Promise<number> {
  if (type === 'BF16') throw unusable('gguf', 'f32, f16 or q8_0');
  const { config, layout, parameters, tokenizer } = model;
  const notes = { name, type, metadata: metadataOf(model, type) };
  return writeNewFile(path, encodeGgufModel(config, layout, parameters, tokenizer, notes), '--to');
}

async function writeFolder(folder: string, model: LoadedModel, name: string, type: Type): Promise<number> {
  if (type === 'Q8_0') throw unusable('safetensors', 'f32, f16 or bf16');
  const { config, layout, parameters, tokenizer } = model;
  const card = importedCard(config, name, parametersHash(parameters));
  const metadata = metadataOf(model, type);
  const files = encodeModelFolder(config, layout, parameters, tokenizer, { metadata, card, type });
  await writeModelFolder(folder, files);
  return files['model.safetensors'].length;
}

/** A base whose values were rounded is that base no more: it goes out without a kind, and names its parent. */
function metadataOf({ metadata, parameters }: LoadedModel, type: Type): Record<string, string> {
  if (type === 'F32' || metadata['tapestry.kind'] !== 'base') return { ...metadata };
  const { 'tapestry.kind': _kind, 'tapestry.base': _base, ...others } = metadata;
  return { ...others, 'tapestry.parent': parametersHash(parameters) };
}

function unusable(format: string, usable: string): TapestryError {
  return new TapestryError(
    'usage.dtype',
    `--dtype of --format ${format} is one of ${usable}.`,
    'Pass one of these, or another --format.',
  );
}
