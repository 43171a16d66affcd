import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { RelayStatus } from '../../relay/wire/status.ts';
import { useNow } from '../ui/clock.ts';
import { formatBytes, formatCount, formatLoss } from '../ui/format.ts';
import { messages } from '../ui/messages.ts';
import { dyes } from '../ui/weave.ts';
import './nodes.css';
import { followNodes, type Node, nameOfNode, type ShownNode } from './node-list.ts';
import type { PresenterSession } from './presenter/presenter-session.ts';

const words = messages.dashboard;
const tones = {
  syncing: 'idle',
  training: 'good',
  uploading: 'good',
  waiting: 'idle',
  paused: 'warn',
  following: 'warn',
} as const;

/** Up to so many nodes have a card with figures; more have a small one, and no more than fit a screen are shown at first. */
const cardNodes = 9;
const shownNodes = 24;

/** A tab, a server, a terminal. */
const icons: Readonly<Record<Node['host'], string>> = {
  browser: 'M3 5h18v14H3zM3 9h18M6 7h.01M9 7h.01',
  node: 'M4 4h16v7H4zM4 13h16v7H4zM7 7.5h.01M7 16.5h.01',
  deno: 'M3 4h18v16H3zM7 9l3 3-3 3M12 15h5',
};

interface CardProps extends ShownNode {
  readonly dye: number | null;
  readonly steps: number;
  readonly presenter: PresenterSession | null;
}

function RemoveButton({ node, presenter }: { node: Node; presenter: PresenterSession }) {
  const name = nameOfNode(node);
  return (
    <button
      type="button"
      class="button quiet remove"
      aria-label={messages.presenter.remove(name)}
      title={messages.presenter.remove(name)}
      disabled={presenter.busy.value}
      onClick={() => {
        presenter.asked.value = { action: 'remove', node: node.id };
      }}
    >
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d="M6 6l12 12M18 6L6 18" />
      </svg>
    </button>
  );
}

function Card({ node, leaving, dye, steps, presenter }: CardProps) {
  return (
    <li class={dye === null ? 'node' : `node dye-${dye}`} data-leaving={leaving}>
      <p class="who">
        <svg viewBox="0 0 24 24" role="img" aria-label={messages.hosts[node.host]}>
          <path d={icons[node.host]} />
        </svg>
        <strong>{node.corpus ?? messages.ownText}</strong>
        <code class="muted">{node.id.slice(0, 6)}</code>
        {presenter !== null && !leaving && <RemoveButton node={node} presenter={presenter} />}
      </p>
      <p class="doing">
        <span class="chip" data-tone={tones[node.state]}>
          {messages.states[node.state]}
        </span>
        <span class="muted">
          {words.lossShort} {formatLoss(node.trainingLoss)}
        </span>
      </p>
      <p class="pace muted">
        <progress
          max={Math.max(1, steps)}
          value={Math.min(node.steps, steps)}
          aria-label={words.nodeSteps(node.steps, steps)}
        />
        <span>{words.rate(formatCount(Math.round(node.tokensPerSecond)))}</span>
      </p>
      {node.part === 'upper' && <p class="part muted">{words.nodeUpper}</p>}
      <p class="moved muted">{words.nodeMoved(formatBytes(node.bytesUp), formatBytes(node.bytesDown))}</p>
    </li>
  );
}

/** The nodes as they come and go. A card that leaves stays for the length of its way out. */
export function Nodes({ status, presenter }: { status: RelayStatus; presenter: PresenterSession | null }) {
  const isWhole = useSignal(false);
  const shown = useRef<readonly ShownNode[]>([]);
  shown.current = followNodes(shown.current, status.nodes, useNow());
  const dyeOf = (corpus: string | null) => {
    const index = corpus === null ? -1 : status.run.corpora.indexOf(corpus);
    return index < 0 ? null : index % dyes;
  };
  return (
    <section class="panel nodes" aria-labelledby="nodes-heading">
      <h2 id="nodes-heading">
        {words.nodes} <small>{status.nodes.length}</small>
        {shown.current.length > shownNodes && (
          <button
            type="button"
            class="button quiet"
            aria-expanded={isWhole.value}
            onClick={() => {
              isWhole.value = !isWhole.value;
            }}
          >
            {isWhole.value ? words.showFewer : words.showAll(shown.current.length)}
          </button>
        )}
      </h2>
      {shown.current.length > 0 && <p class="muted">{words.reported}</p>}
      {shown.current.length === 0 ? (
        <p class="muted">{status.history.length === 0 ? words.noNodes : words.nodesGone}</p>
      ) : (
        <ul class="node-list" data-many={shown.current.length > cardNodes}>
          {shown.current.slice(0, isWhole.value ? undefined : shownNodes).map((entry) => (
            <Card
              key={entry.node.id}
              {...entry}
              dye={dyeOf(entry.node.corpus)}
              steps={status.run.localSteps}
              presenter={presenter}
            />
          ))}
        </ul>
      )}
    </section>
  );
}
