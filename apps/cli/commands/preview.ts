import { styleText } from 'node:util';
import { type LossSpan, lossSpans } from '../../../client/derive/build/loss-spans.ts';
import { readInputs } from '../build/inputs.ts';
import { DataJournal } from '../cards/data-journal.ts';
import { Command } from '../command.ts';
import { dataOption, whole, withExamples, withJson } from '../options.ts';
import { Output } from '../terminal/output.ts';
import { terminalText } from '../terminal/terminal-text.ts';

interface PreviewFlags {
  readonly data: string;
  readonly rows: number;
  readonly json: boolean;
}

export function previewCommand(): Command {
  const command = new Command('preview')
    .description(
      "Show the rows of a recipe's stages as the model will see them: green tokens carry loss, the others are only context. " +
        'Without colours, tokens that carry loss are between ⟦ and ⟧.',
    )
    .argument('<recipe>', 'a YAML file; docs/recipe.md lists its keys')
    .addOption(dataOption('node', "this node's folder, whose journal says what data was revoked"))
    .option('--rows <count>', 'rows of each stage', whole(1, 100_000), 3)
    .action(runPreview);
  return withExamples(withJson(command), [
    'tapestry preview recipe.yaml',
    'tapestry preview recipe.yaml --rows 20 | less -R',
    'tapestry preview recipe.yaml --json | jq .spans',
  ]);
}

async function runPreview(path: string, flags: PreviewFlags): Promise<void> {
  const output = new Output(flags.json);
  const { model, build } = await readInputs(
    path,
    ({ code, message, next }) =>
      output.progress({ event: 'problem', code, message, next }, `${message} ${next}`),
    undefined,
    { revoked: await new DataJournal(flags.data).revoked(), isLeftOut: false },
  );
  for (const [stage, { recipe, data }] of build.stages.entries())
    for (const [index, example] of data.train.slice(0, flags.rows).entries()) {
      const spans = lossSpans(example, model.tokenizer);
      const carrying = spans.reduce(
        (sum, { tokens, carriesLoss }) => sum + (carriesLoss ? tokens.length : 0),
        0,
      );
      output.result(
        { event: 'example', stage, kind: recipe.kind, index, tokens: example.tokens.length, carrying, spans },
        `stage ${stage + 1} ${recipe.kind}, row ${index + 1}: ${carrying} of ${example.tokens.length} tokens carry loss\n${spans.map(shown).join('')}\n`,
      );
    }
}

function shown({ text, carriesLoss }: LossSpan): string {
  const safe = terminalText(text, 'lines');
  const style = (name: 'green' | 'dim') => styleText(name, safe, { stream: process.stdout });
  if (!carriesLoss) return style('dim');
  const coloured = style('green');
  return coloured === safe ? `⟦${safe}⟧` : coloured;
}
