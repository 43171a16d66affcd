import { basename, resolve } from 'node:path';
import { Option } from 'commander';
import { requireExport } from '../../../client/data/cards/touched.ts';
import { signLineage } from '../../../client/derive/lineage.ts';
import { printable, TapestryError } from '../../../client/errors.ts';
import { encodeGgufAdapter } from '../../../client/formats/gguf/adapter.ts';
import { encodeGgufModel } from '../../../client/formats/gguf/model.ts';
import { importedCard } from '../../../client/formats/imported-card.ts';
import {
  encodeLineage,
  type Lineage,
  lineageFile,
  type Parentage,
} from '../../../client/formats/lineage/lineage.ts';
import type { LineageRecord, Parent } from '../../../client/formats/lineage/record.ts';
import { encodeModelFolder, parametersHash } from '../../../client/formats/model-folder.ts';
import { decodeNumbers, encodeNumbers } from '../../../client/formats/tensors/number-type.ts';
import { diskFiles } from '../../../client/host/disk.ts';
import { identityInFiles } from '../../../client/identity.ts';
import type { LoadedModel } from '../../../client/model/files/read-model.ts';
import { DataJournal } from '../cards/data-journal.ts';
import { Command } from '../command.ts';
import { writeNewFile } from '../files/new-file.ts';
import { lineagePath, readLineage } from '../lineage/lineage-file.ts';
import { parentageOf } from '../lineage/parent.ts';
import { loadAdapter, lowRankMatrices, saveAdapter } from '../model/adapter-folder.ts';
import { loadModel } from '../model/model-folder.ts';
import { requireNewFolder, writeModelFolder } from '../model/write-model.ts';
import { withExamples, withJson, withSigner } from '../options.ts';
import { Output } from '../terminal/output.ts';
import { bytes } from '../terminal/table.ts';
import { version } from '../version.ts';

const types = { f32: 'F32', f16: 'F16', bf16: 'BF16', q8_0: 'Q8_0' } as const;
const formats = ['gguf', 'safetensors', 'peft'] as const;

interface ExportFlags {
  readonly model: string;
  readonly to: string;
  readonly adapter?: string;
  readonly format: (typeof formats)[number];
  readonly dtype?: keyof typeof types;
  readonly data: string;
  readonly acknowledge: boolean;
  readonly json: boolean;
}

export function exportCommand(): Command {
  const command = new Command('export')
    .description(
      'Write a model for other tools: one GGUF file for llama.cpp, Ollama and LM Studio, or a folder for transformers, MLX-LM and vLLM.',
    )
    .requiredOption('--model <path>', "a model's folder, or a GGUF file")
    .requiredOption('--to <path>', 'the file or folder to write')
    .option(
      '--adapter <folder>',
      'write this adapter of the model (a folder of PEFT, or a GGUF file) and not the model: as GGUF or as PEFT',
    )
    .addOption(new Option('--format <name>', 'of what is written').choices(formats).default('gguf'))
    .addOption(
      new Option(
        '--dtype <name>',
        'of the weights: f32, f16 or q8_0 in GGUF (default: f16); f32, f16 or bf16 in safetensors (default: f32)',
      ).choices(Object.keys(types)),
    )
    .option('--acknowledge', 'export a model that is built on revoked data', false)
    .action(runExport);
  return withExamples(withJson(withSigner(command)), [
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
  // By this ending files of this format are told from folders.
  else if (!to.endsWith('.gguf'))
    throw new TapestryError(
      'usage.to',
      `--to ${printable(to)} does not end with .gguf.`,
      'A folder is written with --format safetensors.',
    );
  const entries = await new DataJournal(flags.data).entries();
  for (const path of flags.adapter === undefined ? [flags.model] : [flags.model, flags.adapter])
    requireExport(await readLineage(path), entries, flags.acknowledge);
  const model = await loadModel(flags.model);
  if (flags.adapter !== undefined) return exportAdapter(flags, flags.adapter, model, output);
  if (format === 'peft')
    throw new TapestryError('usage.format', '--format peft writes adapters.', 'Name one with --adapter.');
  const dtype = flags.dtype ?? (format === 'gguf' ? 'f16' : 'f32');
  const type = types[dtype];
  const name = model.name ?? model.metadata['tapestry.source'] ?? basename(resolve(flags.model));
  const { parentage, sign } = await lineageFrom(flags.model, model, flags);
  const exported = { model, name, type, parentage, sign };
  const size = await (format === 'gguf' ? writeGguf : writeFolder)(to, exported);
  output.result(
    { event: 'exported', path: resolve(to), format, dtype, bytes: size },
    `${to}: ${bytes(size)} in ${dtype}.`,
  );
}

async function exportAdapter(
  flags: ExportFlags,
  folder: string,
  model: LoadedModel,
  output: Output,
): Promise<void> {
  const { format, to } = flags;
  const { config, parameters } = model;
  const { settings, adapter, baseModel, metadata } = await loadAdapter(folder, model);
  if (format === 'safetensors')
    throw new TapestryError('usage.format', 'An adapter is written as gguf or peft.', 'Pass one of these.');
  const weights = parametersHash(new Float32Array(adapter.values));
  const own = await lineageFrom(folder, { parameters: new Float32Array(adapter.values), metadata }, flags);
  const lineage = await own.sign(exportRecord(own.parentage, 'adapter', weights, 'F32'));
  if (format === 'peft') {
    await saveAdapter(to, settings, adapter, {
      baseModel: baseModel ?? parametersHash(parameters),
      metadata,
    });
    await writeNewFile(lineagePath(to), [encodeLineage(lineage)], '--to');
  } else {
    const name = basename(resolve(folder));
    await writeNewFile(
      to,
      encodeGgufAdapter(config, name, settings.alpha, lowRankMatrices(adapter), metadata),
      '--to',
    );
    await writeNewFile(lineagePath(to), [encodeLineage(lineage)], '--to');
  }
  const { length } = adapter.matrices;
  output.result(
    { event: 'exported', path: resolve(to), format, adaptedMatrices: length },
    `${to}: an adapter of ${length} matrices.`,
  );
}

type Type = (typeof types)[keyof typeof types];

/** A model and how it is written. */
interface Exported {
  readonly model: LoadedModel;
  readonly name: string;
  readonly type: Type;
  readonly parentage: Parentage;
  /** Signs a record of what is made from the model. */
  readonly sign: (record: LineageRecord) => Promise<Lineage>;
}

async function writeGguf(path: string, { model, name, type, parentage, sign }: Exported): Promise<number> {
  if (type === 'BF16') throw unusable('gguf', 'f32, f16 or q8_0');
  const { config, layout, parameters, tokenizer } = model;
  const metadata = metadataOf(model, type);
  const notes = { name, type, metadata };
  const size = await writeNewFile(
    path,
    encodeGgufModel(config, layout, parameters, tokenizer, notes),
    '--to',
  );
  // What a reader of the file finds is known once it is read.
  const weights = parametersHash((await loadModel(path)).parameters);
  const lineage = await sign(exportRecord(parentage, kindOf(metadata), weights, type));
  await writeNewFile(lineagePath(path), [encodeLineage(lineage)], '--to');
  return size;
}

async function writeFolder(
  folder: string,
  { model, name, type, parentage, sign }: Exported,
): Promise<number> {
  if (type === 'Q8_0') throw unusable('safetensors', 'f32, f16 or bf16');
  const { config, layout, parameters, tokenizer } = model;
  const card = importedCard(config, name, parametersHash(parameters));
  const metadata = metadataOf(model, type);
  const files = encodeModelFolder(config, layout, parameters, tokenizer, { metadata, card, type });
  const rounded = new Float32Array(parameters.length);
  decodeNumbers(type, encodeNumbers(type, parameters), rounded);
  const lineage = await sign(exportRecord(parentage, kindOf(metadata), parametersHash(rounded), type));
  await writeModelFolder(folder, files, { [lineageFile]: encodeLineage(lineage) });
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

/** The parentage of what is exported, and what signs its record. */
async function lineageFrom(
  path: string,
  model: Pick<LoadedModel, 'parameters' | 'metadata'>,
  { data }: ExportFlags,
): Promise<Pick<Exported, 'parentage' | 'sign'>> {
  const parentage = await parentageOf(path, model);
  const signer = await identityInFiles(diskFiles(data));
  const families = parentage.family === null ? [] : [parentage.family];
  return { parentage, sign: (record) => signLineage(record, families, signer) };
}

function exportRecord(
  { parent }: { readonly parent: Parent },
  kind: LineageRecord['kind'],
  weights: string,
  type: Type,
): LineageRecord {
  return { made: 'export', kind, weights, parents: [parent], constitution: null, code: version, type };
}

/** A model without a kind is a derivative: no run trains from it. */
function kindOf({ 'tapestry.kind': kind }: Readonly<Record<string, string>>): 'base' | 'derivative' {
  return kind === 'base' ? kind : 'derivative';
}
