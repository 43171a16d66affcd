import { type Lineage, recordOf, type SignedRecord } from '../../../client/formats/lineage/lineage.ts';
import type { Parent } from '../../../client/formats/lineage/record.ts';
import { terminalText } from '../terminal/terminal-text.ts';

/** A model of a lineage, with those that it was made from. */
export interface LineageNode {
  readonly name: string;
  readonly weights: string;
  readonly run: Parent['run'];
  /** Null for a model without a record. */
  readonly record: SignedRecord['record'] | null;
  readonly key: string | null;
  readonly parents: readonly LineageNode[];
}

/** The most models that are drawn: the same ancestor may be reached on many ways. */
const mostDrawn = 512;

/** The models of a lineage as a tree, from the newest one down. */
export function lineageTree(lineage: Lineage, name: string): LineageNode {
  let drawn = 0;
  const node = (
    parent: Pick<Parent, 'name' | 'weights' | 'run'>,
    signed: SignedRecord | null,
  ): LineageNode => {
    drawn++;
    return {
      name: parent.name,
      weights: parent.weights,
      run: parent.run,
      record: signed?.record ?? null,
      key: signed?.key ?? null,
      parents: (signed?.record.parents ?? []).flatMap((each) =>
        drawn < mostDrawn ? [node(each, recordOf(lineage, each))] : [],
      ),
    };
  };
  return node({ name, weights: lineage.record.weights, run: null }, lineage);
}

/** The tree as lines for people. */
export function treeLines({ parents, ...node }: LineageNode): string[] {
  const below = parents.flatMap((parent, index) => {
    const isLast = index === parents.length - 1;
    const [first = '', ...others] = treeLines(parent);
    return [`${isLast ? '└─' : '├─'} ${first}`, ...others.map((line) => `${isLast ? '  ' : '│ '} ${line}`)];
  });
  return [describe(node), ...below];
}

function describe({ name, weights, run, record, key }: Omit<LineageNode, 'parents'>): string {
  const facts = [
    `${terminalText(name)}: ${record?.kind ?? (run === null ? 'model' : 'base')} ${short(weights)}`,
  ];
  if (run !== null) facts.push(`round ${run.round} of run ${short(run.id)}`);
  if (record !== null) facts.push(madeBy(record));
  if (key !== null) facts.push(`signed by ${short(key)}`);
  return facts.join(', ');
}

function madeBy(record: SignedRecord['record']): string {
  switch (record.made) {
    case 'rebase':
    case 'build': {
      const stages = record.stages.map(({ kind, steps }) => `${terminalText(kind)} (${steps} steps)`);
      return `${record.made === 'build' ? 'built' : `rebased (${record.chosen})`} by recipe ${short(record.recipe)}: ${stages.join(', ')}`;
    }
    case 'merge':
      return `merged by ${terminalText(record.method)}, recipe ${short(record.recipe)}`;
    case 'import':
      return 'imported';
    case 'export':
      return `exported in ${terminalText(record.type).toLowerCase()}`;
  }
}

const short = (hash: string) => hash.slice(0, 12);
