import type { Line } from '../../records.ts';
import { strategiesInRounds } from '../cases.ts';
import { families } from '../texts.ts';
import {
  annealing,
  downlinks,
  encodings,
  localSteps,
  lossShares,
  nodeCounts,
  skewedTexts,
} from '../whole-table.ts';
import { type Cell, type CellCase, cellOf, type Sheet, sheetsOf, usual } from './cells.ts';
import { markdown, percent } from './markdown.ts';
import { areEqual, ascends, type Place } from './order.ts';
import { papers } from './papers.ts';

/** The tables of docs/measured.md as Markdown, for each number of tokens that records are of. */
export function tablesOf(lines: readonly Line[]): string {
  return sheetsOf(lines).map(sheetText).join('\n');
}

function sheetText(sheet: Sheet): string {
  const alone = [...sheet.alone].map(([name, losses]) => {
    const value = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    return `${name} ${value.toFixed(4)} (${losses.length === 1 ? 'one seed' : `${losses.length} seeds`})`;
  });
  const model = sheet.parameters === null ? '' : `, ${sheet.parameters.toLocaleString('en-US')} parameters`;
  return [
    `### ${sheet.tokens.toLocaleString('en-US')} tokens in ${sheet.totalSteps} steps${model}\n`,
    ...(alone.length > 0 ? [`One node: ${alone.join(', ')}. ${sheet.adapters.join(', ')}.\n`] : []),
    ...tables.flatMap((table) => table(sheet) ?? []),
  ].join('\n');
}

type Table = (sheet: Sheet) => string | null;

interface Row {
  readonly name: string;
  readonly of: CellCase;
  readonly paper: string;
}

/** A table of rows that were measured, with the orders below it; null where none was. */
function table(
  title: string,
  rows: readonly Row[],
  ordersOf: (loss: (name: string) => Place) => readonly string[],
): Table {
  return (sheet) => {
    const found = rows.flatMap((row) => {
      const cell = cellOf(sheet, row.of);
      return cell === undefined ? [] : [{ ...row, cell }];
    });
    if (found.length === 0) return null;
    const place = (name: string): Place => ({
      name,
      loss: found.find((row) => row.name === name)?.cell.loss,
    });
    const header = ['', 'rounds', 'bytes up', 'bits up', 'loss', 'excess', 'seeds', "the paper's"];
    const body = found.map(({ name, cell, paper }) => [name, ...figures(cell), paper]);
    const orders = ordersOf(place).map((order) => `- ${order}\n`);
    return `**${title}**\n\n${markdown(header, body)}\n${orders.join('')}`;
  };
}

function figures({ rounds, payloadBytes, bitsUp, loss, excess, least, most, seeds }: Cell): string[] {
  return [
    ...[String(rounds), payloadBytes.toLocaleString('en-US'), bitsUp.toFixed(3), loss.toFixed(4)],
    ...[excessCell({ excess, least, most, seeds }), String(seeds)],
  ];
}

/** The mean over the seeds, with the least and the most of them. */
function excessCell({
  excess,
  least,
  most,
  seeds,
}: Pick<Cell, 'excess' | 'least' | 'most' | 'seeds'>): string {
  const range = seeds > 1 && least !== null ? ` (${percent(least)} to ${percent(most)})` : '';
  return percent(excess) + range;
}

const nodesRows = strategiesInRounds.flatMap((strategy) =>
  nodeCounts.map((nodes) => ({
    name: `${strategy} M=${nodes}`,
    of: usual(strategy, { nodes }),
    paper: papers.nodes[strategy][nodes] ?? '',
  })),
);

const tables: readonly Table[] = [
  table('(a) Nodes and strategies, H = 30', nodesRows, (loss) => [
    ...strategiesInRounds.map((strategy) =>
      ascends(nodeCounts.map((nodes) => loss(`${strategy} M=${nodes}`))),
    ),
    ascends([loss('sparseloco M=4'), loss('diloco M=4')]),
    areEqual([loss('streaming M=4'), loss('diloco M=4')]),
  ]),
  ...(['diloco', 'sparseloco'] as const).map((strategy) =>
    table(
      `(b) Local steps, ${strategy}, four nodes`,
      localSteps.map((steps) => ({
        ...{ name: `H=${steps}`, of: usual(strategy, { steps }), paper: papers.localSteps },
      })),
      (loss) => [ascends(localSteps.map((steps) => loss(`H=${steps}`)))],
    ),
  ),
  table(
    '(c) Lost contributions, diloco, four nodes, H = 30',
    lossShares.map((dropped) => ({
      name: `${dropped}% lost`,
      of: usual('diloco', { dropped }),
      paper: dropped === 50 ? papers.dropped : '',
    })),
    (loss) => [ascends(lossShares.map((dropped) => loss(`${dropped}% lost`)))],
  ),
  table(
    '(d) Encodings, diloco, four nodes, H = 30',
    encodings.map((codec) => ({ name: codec, of: usual('diloco', { codec }), paper: papers.codecs[codec] })),
    (loss) => [
      areEqual([loss('dense32'), loss('dense8'), loss('dense4')]),
      ascends([loss('dense4'), loss('statistical'), loss('dense2')]),
    ],
  ),
  pacedTable,
  familiesTable,
  table(
    '(g) Rate of the outer step, sparseloco, four nodes, H = 30',
    annealing.map((outer) => ({
      name: outer,
      of: usual('sparseloco', { outer }),
      paper: outer === 'annealed' ? papers.annealed : '',
    })),
    (loss) => [ascends([loss('annealed'), loss('constant')])],
  ),
  table(
    '(h) The way down, diloco, four nodes, H = 30',
    downlinks.map((downlink) => ({
      name: downlink,
      ...(downlink === 'full'
        ? { of: usual('diloco'), paper: '' }
        : { of: usual('diloco', { downlink }), paper: papers.downlink }),
    })),
    (loss) => [
      areEqual([loss('full'), loss('dense4')]),
      ascends([loss('full'), loss('entropy'), loss('statistical'), loss('sparse')]),
    ],
  ),
  triedTable,
];

/** The runs with a momentum or a rate that is not the strategy's, each beside the usual one. */
function triedTable({ cells }: Sheet): string | null {
  const tried = cells.filter(({ of }) => of.momentum !== null || of.rate !== undefined);
  if (tried.length === 0) return null;
  const rows = tried.map((cell) => {
    const { strategy, outer, nodes, steps, momentum, rate } = cell.of;
    const { rate: _, ...own } = cell.of;
    const beside = cellOf({ cells }, { ...own, momentum: null });
    return [
      `${strategy} M=${nodes} H=${steps}, ${outer}`,
      ...[rate === undefined ? 'usual' : String(rate), momentum === null ? 'usual' : String(momentum)],
      ...[cell.loss.toFixed(4), percent(cell.excess), percent(beside?.excess ?? null), String(cell.seeds)],
    ];
  });
  const header = ['', 'rate', 'momentum', 'loss', 'excess', 'with the usual step', 'seeds'];
  return `**Outer steps that were tried**\n\n${markdown(header, rows)}\n`;
}

/** (e): the times are virtual. */
function pacedTable({ paced }: Sheet): string | null {
  if (paced.length === 0) return null;
  const header = [
    'H of the fastest',
    'pacing',
    'loss',
    'excess',
    'time',
    'outer steps',
    'seeds',
    "the paper's",
  ];
  const rows = paced.map(({ pacing, steps, time, commits, ...cell }) => [
    ...[String(steps), pacing, cell.loss.toFixed(4), excessCell(cell)],
    ...[time.toFixed(0), String(commits), String(cell.seeds), papers.pacing[pacing]],
  ]);
  const orders = [...new Set(paced.map(({ steps }) => steps))].map((steps) => {
    const place = (name: string): Place => ({
      ...{ name, loss: paced.find((one) => one.steps === steps && one.pacing === name)?.loss },
    });
    return `- H=${steps}: ${ascends(['delayed', 'fixed', 'naive'].map(place))}; ${ascends(['heloco', 'naive'].map(place))}\n`;
  });
  return `**(e) Four nodes, 1 to 8 times as fast**\n\n${markdown(header, rows)}\n${orders.join('')}`;
}

/** (f): the loss on the text of each family, and their mean. */
function familiesTable(sheet: Sheet): string | null {
  const rows = strategiesInRounds.flatMap((strategy) =>
    skewedTexts.flatMap((text) => {
      const cell = cellOf(sheet, usual(strategy, { text }));
      return cell === undefined ? [] : [{ name: `${strategy}, ${text}`, cell }];
    }),
  );
  if (rows.length === 0) return null;
  const header = ['', ...families, 'mean', 'excess over one node on all', 'seeds'];
  const body = rows.map(({ name, cell }) => [
    ...[name, ...families.map((family) => cell.losses?.[family]?.toFixed(3) ?? ''), cell.loss.toFixed(4)],
    ...[percent(cell.excess), String(cell.seeds)],
  ]);
  const place = (name: string): Place => ({ name, loss: rows.find((row) => row.name === name)?.cell.loss });
  const orders = strategiesInRounds.flatMap((strategy) =>
    rows.some(({ name }) => name.startsWith(`${strategy},`))
      ? [`- ${ascends([place(`${strategy}, mixed`), place(`${strategy}, families`)])}. ${papers.families}\n`]
      : [],
  );
  return `**(f) Each of four nodes one language family, beside the families mixed, H = 30**\n\n${markdown(header, body)}\n${orders.join('')}`;
}
