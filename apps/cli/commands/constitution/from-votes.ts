import { stringify } from 'yaml';
import { parseConstitution } from '../../../../client/derive/constitution/constitution.ts';
import { rankByConsensus } from '../../../../client/derive/constitution/votes/consensus.ts';
import { parseVotes, voteLimits } from '../../../../client/derive/constitution/votes/votes-csv.ts';
import { printable, TapestryError } from '../../../../client/errors.ts';
import { NotRead, readRegularFile, whyNotRead } from '../../../../client/host/regular-file.ts';
import { Command } from '../../command.ts';
import { requireNewFile, writeNewFile } from '../../files/new-file.ts';
import { decimal, whole, withExamples, withJson } from '../../options.ts';
import { Output } from '../../terminal/output.ts';
import { aligned } from '../../terminal/table.ts';
import { terminalText } from '../../terminal/terminal-text.ts';

interface VoteFlags {
  readonly groups: number;
  readonly seed: number;
  readonly least: number;
  readonly out?: string;
  readonly json: boolean;
}

export function fromVotesCommand(): Command {
  const command = new Command('from-votes')
    .summary('rank proposed principles by the agreement of all groups of voters')
    .description(
      'Rank proposed principles by group-aware consensus: voters are grouped by how they vote, and a principle counts as much as all ' +
        'groups agree with it, however small a group is.',
    )
    .argument('<votes>', 'CSV with the columns voter, principle and vote (agree, disagree or pass)')
    .option('--groups <count>', 'groups of voters, at most', whole(1, 20), 5)
    .option('--seed <number>', 'of the grouping', whole(0, 0xffff_ffff), 0)
    .option('--least <share>', 'the consensus that a principle of --out needs', decimal(0, 1), 0.5)
    .option('--out <file>', 'write the agreed principles as a new constitution')
    .action(fromVotes);
  return withExamples(withJson(command), [
    'tapestry constitution from-votes votes.csv',
    'tapestry constitution from-votes votes.csv --least 0.6 --out constitution.yaml',
  ]);
}

async function fromVotes(path: string, flags: VoteFlags): Promise<void> {
  const output = new Output(flags.json);
  if (flags.out !== undefined) requireNewFile(flags.out, '--out');
  const votes = parseVotes(new TextDecoder().decode(await bytesOf(path)), path);
  const { sizes, ranked } = rankByConsensus(votes, { seed: flags.seed, mostGroups: flags.groups });
  const agreed = ranked.filter(({ consensus }) => consensus >= flags.least);
  if (output.json) {
    output.result({ event: 'groups', voters: votes.voters.length, sizes }, '');
    for (const principle of ranked) output.result({ event: 'principle', ...principle }, '');
  } else {
    const rows = [
      ['consensus', ...sizes.map((size, group) => `group ${group + 1} of ${size}`), 'principle'],
      ...ranked.map(({ consensus, groups, principle }) => [
        consensus.toFixed(3),
        ...groups.map(({ agreement }) => `${Math.round(100 * agreement)}%`),
        terminalText(principle),
      ]),
    ];
    output.result({ event: 'ranked' }, aligned(rows, (column) => column === sizes.length + 1).join('\n'));
  }
  if (flags.out === undefined) return;
  if (agreed.length === 0)
    throw new TapestryError(
      'votes.no-consensus',
      `No principle has a consensus of ${flags.least}.`,
      'Give a lower --least, or have other principles proposed.',
    );
  const principles = agreed.map(({ principle }, index) => ({
    id: `principle-${index + 1}`,
    text: principle,
  }));
  const text = stringify({ principles });
  parseConstitution(text, flags.out);
  await writeNewFile(flags.out, [new TextEncoder().encode(text)], '--out');
  output.result(
    { event: 'written', file: flags.out, principles: agreed.length },
    `${agreed.length} principles are in ${flags.out}. Give them names, examples and boards before it is signed.`,
  );
}

async function bytesOf(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readRegularFile(path, voteLimits.bytes);
  } catch (error) {
    if (!(error instanceof NotRead)) throw error;
    throw new TapestryError(
      'votes.missing',
      `${printable(path)} ${whyNotRead(error, voteLimits.bytes)}.`,
      'Name a CSV file of votes.',
      { cause: error },
    );
  }
}
