import { printable, TapestryError } from '../../../../client/errors.ts';
import { NotRead, readRegularFile, whyNotRead } from '../../../../client/host/regular-file.ts';
import type { NodeNumber } from '../world/messages.ts';

/** A change in a trace of churn. `up` and `down` start and end a node's process; `cut` and `heal` its line. */
export interface ChurnChange {
  /** Milliseconds from the start. */
  readonly at: number;
  readonly node: NodeNumber;
  readonly change: 'up' | 'down' | 'cut' | 'heal';
}

const header = 'seconds,node,change';
const maxBytes = 2 ** 28;

/**
 * Reads a trace: CSV with the header `seconds,node,change`, its times in order. A node that the trace does not name stays
 * from the start to the end; one that it names first with `up` is not there before.
 * @throws TapestryError `simulate.trace`
 */
export async function readChurnTrace(path: string, nodes: number): Promise<readonly ChurnChange[]> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await readRegularFile(path, maxBytes));
  } catch (error) {
    if (!(error instanceof NotRead) && !(error instanceof TypeError)) throw error;
    throw unusable(path, error instanceof NotRead ? whyNotRead(error, maxBytes) : 'is not UTF-8', error);
  }
  return parseChurnTrace(text, nodes, path);
}

/** The same from text; `path` names it in errors. */
export function parseChurnTrace(text: string, nodes: number, path: string): readonly ChurnChange[] {
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/);
  if (lines[0] !== header) throw unusable(path, `does not begin with the line ${header}`);
  let last = 0;
  return lines.slice(1).map((line, index) => {
    const wrong = (problem: string) => unusable(path, `line ${index + 2} ${problem}: ${line}`);
    const [, time = '', number = '', change = ''] =
      /^(\d{1,9}(?:\.\d{1,3})?),(\d{1,9}),(up|down|cut|heal)$/.exec(line) ?? [];
    if (change !== 'up' && change !== 'down' && change !== 'cut' && change !== 'heal')
      throw wrong('is not seconds,node,change');
    const [at, node] = [Number(time) * 1000, Number(number)];
    if (node >= nodes) throw wrong(`names a node beyond ${nodes - 1}`);
    if (at < last) throw wrong('is before the line above it');
    last = at;
    return { at, node, change };
  });
}

function unusable(path: string, problem: string, cause?: unknown): TapestryError {
  return new TapestryError(
    'simulate.trace',
    `The trace ${printable(path)} ${printable(problem)}.`,
    `Write a CSV file: ${header}, with up, down, cut or heal as change and times in order.`,
    { cause },
  );
}
