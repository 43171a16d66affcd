import { Command } from 'commander';
import type { Corpus } from '../../../../client/data/corpus.ts';
import { loadNation } from '../../../../client/data/udhr/nations.ts';
import { TapestryError } from '../../../../client/errors.ts';
import { loadCorpusFiles } from '../../../../client/host/corpus-files.ts';
import { mean } from '../../../../client/mean.ts';
import { loadModel } from '../../model/model-folder.ts';
import { whole, withExamples, withJson } from '../../options.ts';
import { heldOutLosses } from '../../run/held-out-losses.ts';
import { Output } from '../../terminal/output.ts';

interface EvalFlags {
  readonly model: string;
  readonly corpus?: readonly string[];
  readonly text?: readonly string[];
  readonly batches: number;
  readonly json: boolean;
}

export function evalCommand(): Command {
  const command = new Command('eval')
    .description("A model's mean loss, in nats a token, on text that no node trains on.")
    .requiredOption('--model <folder>', 'a folder with config.json, model.safetensors and tokenizer.json')
    .option('--corpus <names...>', 'the held-out part of these corpora (default: Romance Germanic Bantu)')
    .option('--text <files...>', 'the held-out part of your own files, folders or globs')
    .option('--batches <count>', 'at most this many batches of 8 windows of each', whole(1, 1_000_000), 64)
    .action(runEval);
  return withExamples(withJson(command), [
    'tapestry eval --model .tapestry/demo/base',
    'tapestry eval --model .tapestry/demo/base --corpus Slavic Turkic --json',
    "tapestry eval --model .tapestry/demo/base --text 'notes/**/*.txt'",
  ]);
}

async function runEval(flags: EvalFlags): Promise<void> {
  const output = new Output(flags.json);
  const model = await loadModel(flags.model);
  const corpora = await corporaOf(flags, output);
  for (const { name, heldOut } of corpora)
    if (heldOut.length < 2)
      throw new TapestryError('corpus.too-short', `${name} has no held-out text.`, 'Give more text.');
  const [losses = []] = await heldOutLosses(
    model.config,
    model.tokenizer,
    [model.parameters],
    corpora,
    flags.batches,
  );
  corpora.forEach(({ name }, index) => {
    const loss = losses[index] ?? Number.NaN;
    output.result({ event: 'loss', corpus: name, loss }, `${loss.toFixed(4)}  ${name}`);
  });
  output.result({ event: 'mean', loss: mean(losses) }, `${mean(losses).toFixed(4)}  mean`);
}

async function corporaOf(flags: EvalFlags, output: Output): Promise<Corpus[]> {
  const own = flags.text ?? [];
  const names = flags.corpus ?? (own.length > 0 ? [] : ['Romance', 'Germanic', 'Bantu']);
  const corpora = await Promise.all(names.map(loadNation));
  if (own.length > 0) corpora.push(await loadCorpusFiles(own, (problem) => output.error(problem)));
  return corpora;
}
