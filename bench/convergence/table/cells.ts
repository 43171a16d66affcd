import * as v from 'valibot';
import { downlinkNames } from '../../../apps/cli/run/choices/downlink-choices.ts';
import { strategies, strategyNames } from '../../../apps/cli/run/choices/strategies.ts';
import { mean } from '../../../client/mean.ts';
import type { Line } from '../../records.ts';
import { besideOf, besidePaced, codecNames, outerNames, pacingNames } from '../cases.ts';
import { aloneSchema, pacedSchema, togetherSchema } from '../results.ts';
import { textNames } from '../texts.ts';

const setting = { totalSteps: v.number(), wholeBatch: v.number(), sequence: v.number() };
const aloneLine = v.strictObject({
  case: v.strictObject({
    ...{ alone: v.picklist(['adamw', 'muon']), text: v.exactOptional(v.literal('mixed')) },
    ...{ seed: v.number(), ...setting },
  }),
  result: aloneSchema,
});
const togetherLine = v.strictObject({
  case: v.strictObject({
    ...{ strategy: v.picklist(strategyNames), codec: v.picklist(codecNames), outer: v.picklist(outerNames) },
    ...{ momentum: v.nullable(v.number()), nodes: v.number(), steps: v.number(), dropped: v.number() },
    ...{ downlink: v.exactOptional(v.picklist(downlinkNames)), text: v.exactOptional(v.picklist(textNames)) },
    ...{ rate: v.exactOptional(v.number()) },
    ...{ seed: v.number(), ...setting },
  }),
  result: togetherSchema,
});
const pacedLine = v.strictObject({
  case: v.strictObject({
    ...{ pacing: v.picklist(pacingNames), steps: v.number(), seed: v.number(), ...setting },
  }),
  result: pacedSchema,
});

/** What the seeds of a case have in common. */
export type CellCase = Omit<v.InferOutput<typeof togetherLine>['case'], 'seed' | keyof typeof setting>;

/** A case, over its seeds. */
export interface Cell {
  readonly of: CellCase;
  readonly seeds: number;
  /** Held-out, the mean of the seeds, in nats a token. */
  readonly loss: number;
  /** How far the loss is above that of one node, as a part of it; null where that was not measured. */
  readonly excess: number | null;
  readonly least: number | null;
  readonly most: number | null;
  readonly rounds: number;
  /** Of a contribution, and a parameter. */
  readonly payloadBytes: number;
  readonly bitsUp: number;
  /** Of each held-out text, where there are several. */
  readonly losses: Readonly<Record<string, number>> | null;
}

/** A pace, over its seeds. */
export interface PacedCell {
  readonly pacing: (typeof pacingNames)[number];
  readonly steps: number;
  readonly seeds: number;
  readonly loss: number;
  /** See `Cell`. */
  readonly excess: number | null;
  readonly least: number | null;
  readonly most: number | null;
  /** In steps of the slowest node. */
  readonly time: number;
  readonly commits: number;
}

/** The runs of as many tokens, in steps of one shape. */
export interface Sheet {
  readonly tokens: number;
  readonly totalSteps: number;
  readonly parameters: number | null;
  readonly adapters: readonly string[];
  readonly cells: readonly Cell[];
  /** Losses of one node by optimizer and text, with how many seeds each. */
  readonly alone: ReadonlyMap<string, readonly number[]>;
  readonly paced: readonly PacedCell[];
}

/** Sorts records into sheets, that of the most tokens first. Throws ValiError for a record of none of the three kinds. */
export function sheetsOf(lines: readonly Line[]): Sheet[] {
  const records = lines.map((line) => v.parse(v.union([aloneLine, togetherLine, pacedLine]), line));
  const settings = group(records, ({ case: { totalSteps, wholeBatch, sequence } }) =>
    JSON.stringify([totalSteps, wholeBatch, sequence]),
  );
  return [...settings.values()].map(sheetOf).sort((a, b) => b.tokens - a.tokens);
}

type Recorded = v.InferOutput<typeof aloneLine | typeof togetherLine | typeof pacedLine>;

function sheetOf(records: readonly Recorded[]): Sheet {
  const first = records[0]?.case ?? { totalSteps: 0, wholeBatch: 0, sequence: 0 };
  const alone = records.filter((one) => v.is(aloneLine, one));
  const together = records.filter((one) => v.is(togetherLine, one));
  const paced = records.filter((one) => v.is(pacedLine, one));
  const beside = new Map(
    alone.map(({ case: { totalSteps: _, wholeBatch: _w, sequence: _s, ...of }, result }) => [
      nameOf(of),
      result.loss,
    ]),
  );
  return {
    tokens: first.totalSteps * first.wholeBatch * first.sequence,
    totalSteps: first.totalSteps,
    parameters: [...alone, ...together, ...paced][0]?.result.parameters ?? null,
    adapters: [...new Set([...alone, ...together, ...paced].map(({ result }) => result.adapter))],
    cells: cellsOf(together, beside),
    alone: new Map(
      [...group(alone, ({ case: of }) => `${of.alone}${of.text === undefined ? '' : ' mixed'}`)].map(
        ([name, of]) => [name, of.map(({ result }) => result.loss)],
      ),
    ),
    paced: pacedCells(paced, beside),
  };
}

const nameOf = (of: object) => JSON.stringify(Object.entries(of).sort());

function cellsOf(
  records: readonly v.InferOutput<typeof togetherLine>[],
  beside: ReadonlyMap<string, number>,
): Cell[] {
  const own = ({
    case: { seed: _, totalSteps: _t, wholeBatch: _w, sequence: _s, ...of },
  }: (typeof records)[number]) => of;
  const cells: Cell[] = [];
  for (const held of group(records, (record) => nameOf(own(record))).values()) {
    const [first] = held;
    if (first === undefined) continue;
    const texts = Object.keys(first.result.losses ?? {});
    const { rounds, payloadBytes, bitsUp } = first.result;
    cells.push({
      ...{ of: own(first), seeds: held.length, loss: mean(held.map(({ result }) => result.loss)) },
      ...excessOf(held, (of) => beside.get(nameOf(besideOf(of)))),
      ...{ rounds, payloadBytes, bitsUp },
      losses:
        texts.length === 0
          ? null
          : Object.fromEntries(
              texts.map((text) => [
                text,
                mean(held.map(({ result }) => result.losses?.[text] ?? Number.NaN)),
              ]),
            ),
    });
  }
  return cells;
}

/** How far the losses of seeds are above those of one node: see `Cell`. */
function excessOf<Of>(
  held: readonly { readonly case: Of; readonly result: { readonly loss: number } }[],
  besideLoss: (of: Of) => number | undefined,
): Pick<Cell, 'excess' | 'least' | 'most'> {
  const excesses = held.flatMap(({ case: of, result }) => {
    const loss = besideLoss(of);
    return loss === undefined ? [] : [result.loss / loss - 1];
  });
  if (excesses.length < held.length) return { excess: null, least: null, most: null };
  return { excess: mean(excesses), least: Math.min(...excesses), most: Math.max(...excesses) };
}

function pacedCells(
  records: readonly v.InferOutput<typeof pacedLine>[],
  beside: ReadonlyMap<string, number>,
): PacedCell[] {
  const groups = group(records, ({ case: { pacing, steps } }) => JSON.stringify([pacing, steps]));
  return [...groups.values()].flatMap((held) => {
    const [first] = held;
    if (first === undefined) return [];
    const results = held.map(({ result }) => result);
    const { excess, least, most } = excessOf(held, (of) => beside.get(nameOf(besidePaced(of))));
    return {
      ...{ pacing: first.case.pacing, steps: first.case.steps, seeds: held.length },
      loss: mean(results.map(({ loss }) => loss)),
      ...{ excess, least, most },
      time: mean(results.map(({ time }) => time)),
      commits: first.result.commits,
    };
  });
}

function group<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

/** The usual case of a strategy, of which a table changes one thing. */
export function usual(strategy: CellCase['strategy'], change: Partial<CellCase> = {}): CellCase {
  const codec = change.codec ?? (strategies[strategy].codec === 'sparse' ? 'sparse' : 'dense8');
  const outer = change.outer ?? (codec === 'sparse' ? 'annealed' : 'nesterov');
  return { strategy, momentum: null, nodes: 4, steps: 30, dropped: 0, ...change, codec, outer };
}

/** The cell of a case; undefined where no record is of it. */
export function cellOf({ cells }: Pick<Sheet, 'cells'>, of: CellCase): Cell | undefined {
  const name = nameOf(of);
  return cells.find((cell) => nameOf(cell.of) === name);
}
