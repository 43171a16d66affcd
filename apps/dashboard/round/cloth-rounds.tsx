import { useSignal } from '@preact/signals';
import type { RelayStatus } from '../../../relay/wire/status.ts';
import { Cloth } from '../../ui/cloth.tsx';
import { messages } from '../../ui/messages.ts';
import './round.css';
import type { OpenedRound } from './round-address.ts';

const words = messages.rounds;

interface Props {
  readonly status: RelayStatus | null;
  readonly opened: OpenedRound;
}

/** The run as cloth, whose woven columns open their rounds: by a click, or by arrows and Enter. */
export function ClothRounds({ status, opened }: Props) {
  /** Null: the newest round. */
  const chosen = useSignal<number | null>(null);
  const committed = status?.base.round ?? 0;
  if (status === null || committed === 0) return <Cloth status={status} />;
  const { rounds } = status.run;
  const round = Math.min(chosen.value ?? committed, committed);
  const choose = (next: number) => {
    chosen.value = Math.min(committed, Math.max(1, next));
  };
  const point = ({ currentTarget, clientX }: { currentTarget: HTMLElement; clientX: number }) => {
    const { left, width } = currentTarget.getBoundingClientRect();
    choose(Math.floor(((clientX - left) / Math.max(1, width)) * rounds) + 1);
  };
  /** Keys of the slider do not change the scene as well. */
  const press = (event: KeyboardEvent) => {
    const next = { ArrowLeft: round - 1, ArrowRight: round + 1, Home: 1, End: committed }[event.key];
    if (next !== undefined) choose(next);
    else if (event.key === 'Enter' || event.key === ' ') opened.open(round);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="cloth-rounds">
      <Cloth status={status} />
      <div
        class="rounds"
        role="slider"
        tabIndex={0}
        aria-label={words.choose}
        aria-valuemin={1}
        aria-valuemax={committed}
        aria-valuenow={round}
        aria-valuetext={words.round(round, rounds)}
        style={{ '--at': (round - 1) / rounds, '--wide': 1 / rounds }}
        onPointerMove={point}
        onClick={(event) => {
          point(event);
          opened.open(chosen.value ?? committed);
        }}
        onKeyDown={press}
      >
        <span class="hint" aria-hidden="true" data-side={round > rounds / 2 ? 'left' : 'right'}>
          {words.open(round)}
        </span>
      </div>
    </div>
  );
}
