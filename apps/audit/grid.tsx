import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { direction } from '../ui/language/language.ts';
import { messages } from '../ui/messages.ts';
import type { Accepted, CellState, RunGrid } from './run-grid.ts';

const words = messages.audit;

/** The rounds that the grid shows at a time, and the nodes that it shows at first and adds at a time. */
const roundsAtOnce = 40;
const nodesAtOnce = 40;

/** A state as a sign, so that it needs no colour. */
const signs: Readonly<Record<CellState, string>> = {
  derived: '✓',
  'left-out': '○',
  changed: '!',
  'not-merged': '–',
  'not-kept': '∅',
  waiting: '·',
  unreached: '?',
};

const arrows: Readonly<Record<string, readonly [rows: number, towardsRight: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** The first characters of a node's key, by which people tell nodes apart. */
export function shortName(key: string): string {
  return key.slice(0, 8);
}

interface Props {
  readonly grid: RunGrid;
  readonly chosen: Accepted | null;
  readonly choose: (contribution: Accepted) => void;
}

/** A grid of rounds and nodes. One of its cells takes the focus by Tab, the others by the arrow keys. */
export function Grid({ grid, chosen, choose }: Props) {
  const table = useRef<HTMLTableElement>(null);
  /** The page of rounds that the visitor turned to; null to follow the audit. */
  const turned = useSignal<number | null>(null);
  const nodesShown = useSignal(nodesAtOnce);
  const focused = useSignal('');
  const last = Math.max(0, Math.ceil(grid.rounds / roundsAtOnce) - 1);
  const page = Math.min(last, turned.value ?? last);
  const from = page * roundsAtOnce + 1;
  const to = Math.min(grid.rounds, from + roundsAtOnce - 1);
  const rounds = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  const nodes = grid.nodes.slice(0, nodesShown.value);
  const cells = nodes.flatMap((node, row) =>
    rounds.map((round) => ({ name: `${row} ${round}`, has: grid.contributions(round, node).length > 0 })),
  );
  const first = cells.find(({ has }) => has)?.name;
  const entry = cells.some(({ name, has }) => has && name === focused.value) ? focused.value : first;

  const move = (event: KeyboardEvent, row: number, round: number) => {
    const by = arrows[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const [rows, towardsRight] = by;
    const columns = direction.value === 'rtl' ? -towardsRight : towardsRight;
    for (let [r, c] = [row + rows, round + columns]; nodes[r] !== undefined && c >= from && c <= to; ) {
      const cell = table.current?.querySelector<HTMLElement>(`[data-cell="${r} ${c}"]`);
      if (cell) return cell.focus();
      [r, c] = [r + rows, c + columns];
    }
  };

  return (
    <>
      <p class="help">{words.gridHelp}</p>
      {last > 0 && (
        <div class="turn">
          <button
            type="button"
            class="button"
            disabled={page === 0}
            onClick={() => {
              turned.value = page - 1;
            }}
          >
            {words.earlier}
          </button>
          <span>{words.roundsShown(from, to, grid.rounds)}</span>
          <button
            type="button"
            class="button"
            disabled={page === last}
            onClick={() => {
              turned.value = page + 1;
            }}
          >
            {words.later}
          </button>
        </div>
      )}
      <div class="scroll">
        {/* biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a table of buttons that arrow keys move through is a grid */}
        <table ref={table} role="grid" aria-labelledby="grid-heading">
          <thead>
            <tr>
              <th scope="col">{words.node}</th>
              {rounds.map((round) => (
                <th key={round} scope="col" data-changed={grid.isRoundChanged(round)}>
                  {round}
                  {grid.isRoundChanged(round) && (
                    <span class="visually-hidden"> {words.roundChanged(round)}</span>
                  )}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {nodes.map((node, row) => (
              <tr key={node}>
                <th scope="row">
                  <code>{shortName(node)}</code>
                </th>
                {rounds.map((round) => {
                  const contribution = grid.contributions(round, node).at(-1);
                  if (contribution === undefined) return <td key={round} />;
                  const state = grid.stateOf(contribution);
                  const name = `${row} ${round}`;
                  return (
                    <td key={round}>
                      <button
                        type="button"
                        class="cell"
                        data-cell={name}
                        data-state={state}
                        tabIndex={name === entry ? 0 : -1}
                        aria-pressed={contribution === chosen}
                        aria-label={words.cell(round, shortName(node), words.states[state])}
                        onFocus={() => {
                          focused.value = name;
                        }}
                        onKeyDown={(event) => move(event, row, round)}
                        onClick={() => choose(contribution)}
                      >
                        <span aria-hidden="true">{signs[state]}</span>
                      </button>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {grid.nodes.length > nodes.length && (
        <button
          type="button"
          class="button"
          onClick={() => {
            nodesShown.value += nodesAtOnce;
          }}
        >
          {words.moreNodes(Math.min(nodesAtOnce, grid.nodes.length - nodes.length))}
        </button>
      )}
    </>
  );
}
