import { measureOpinions } from '../../../../client/derive/constitution/pipeline/opinions.ts';
import { pairSchema } from '../../../../client/derive/constitution/pipeline/rows.ts';
import { type Explained, propose } from '../../../../client/derive/constitution/propose.ts';
import { TapestryError } from '../../../../client/errors.ts';
import { Command } from '../../command.ts';
import { openLabeller } from '../../constitution/labelling.ts';
import { readConstitutionFile } from '../../constitution/read-constitution.ts';
import { readStep } from '../../constitution/step-file.ts';
import { decimal, repeated, whole, withExamples, withJson } from '../../options.ts';
import { Output } from '../../terminal/output.ts';
import { aligned } from '../../terminal/table.ts';
import { terminalText } from '../../terminal/terminal-text.ts';

interface ProposeFlags {
  readonly candidates: string;
  readonly judge?: readonly string[];
  readonly model?: string;
  readonly most: number;
  readonly leastGain: number;
  readonly heldOutShare: number;
  readonly json: boolean;
}

export function proposeCommand(): Command {
  const command = new Command('propose')
    .summary('find the principles that explain preference pairs best')
    .description(
      'Find, among given candidates, the principles that together explain preference pairs best. A candidate with a check is that ' +
        'check; judges and a model that is asked in words are candidates too. Accuracies are of held-out pairs.',
    )
    .argument('<pairs>', 'JSONL with the columns prompt, chosen and rejected')
    .requiredOption('--candidates <file>', 'a constitution whose principles are the candidates')
    .option(
      '--judge <id=folder>',
      'let a reward model speak for a principle; repeat it for several',
      repeated,
    )
    .option('--model <folder>', 'ask this model in words about principles without check and judge')
    .option('--most <count>', 'principles of the set, at most', whole(1, 256), 5)
    .option('--least-gain <share>', 'accuracy that a further principle must add', decimal(0, 1), 0.01)
    .option('--held-out-share <share>', 'of the pairs, drawn by the prompt', decimal(0.05, 0.9), 0.3)
    .action(run);
  return withExamples(withJson(command), [
    'tapestry constitution propose pairs.jsonl --candidates candidates.yaml',
    'tapestry constitution propose pairs.jsonl --candidates candidates.yaml --judge kind=judges/kind --json',
  ]);
}

async function run(path: string, flags: ProposeFlags): Promise<void> {
  const output = new Output(flags.json);
  const pairs = await readStep(path, pairSchema);
  const { constitution } = await readConstitutionFile(flags.candidates);
  const judges = new Map((flags.judge ?? []).map(judgeOf));
  const candidates = [];
  let counts = { train: 0, heldOut: 0 };
  for (const principle of constitution.principles) {
    const judge = judges.get(principle.id);
    const by = judge !== undefined ? 'judge' : principle.check !== undefined ? 'check' : 'words';
    const named = {
      ...(judge !== undefined && { judge }),
      ...(flags.model !== undefined && { model: flags.model }),
    };
    const { labeller, close } = await openLabeller({ by, ...named });
    try {
      const opinions = await measureOpinions(labeller, principle, pairs, flags.heldOutShare);
      counts = { train: opinions.train.length, heldOut: opinions.heldOut.length };
      candidates.push({ id: principle.id, ...opinions });
    } finally {
      close();
    }
    output.progress({ event: 'asked', principle: principle.id, by }, `asked ${principle.id} by ${by}`);
  }
  const { chosen, candidates: alone } = propose(candidates, { most: flags.most, leastGain: flags.leastGain });
  for (const candidate of alone) if (output.json) output.result({ event: 'candidate', ...candidate }, '');
  const percent = ({ accuracy, coverage }: Explained) =>
    [accuracy, coverage].map((share) => `${(100 * share).toFixed(1)}%`);
  const rows = [
    ['candidate', 'right', 'has an opinion'],
    ...alone.map((each) => [terminalText(each.id), ...percent(each)]),
    ['', '', ''],
    ['chosen set', 'right', 'has an opinion'],
    ...chosen.map(({ id, set }) => [`+ ${terminalText(id)}`, ...percent(set)]),
  ];
  output.result(
    { event: 'proposed', ...counts, chosen },
    `${aligned(rows, (column) => column === 0).join('\n')}\non ${counts.heldOut} held-out pairs; chosen on ${counts.train} others`,
  );
}

function judgeOf(text: string): [string, string] {
  const [, id, folder] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (id === undefined || folder === undefined)
    throw new TapestryError(
      'usage.judge',
      `${terminalText(text)} is not of the form id=folder.`,
      'Name the principle and the folder of its reward model.',
    );
  return [id, folder];
}
