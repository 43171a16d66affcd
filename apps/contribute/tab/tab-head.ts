import plain from '../../ui/favicon.svg?url';
import { formatPercent } from '../../ui/format.ts';
import stopped from '../../ui/icons/stopped.svg?url';
import training from '../../ui/icons/training.svg?url';
import waiting from '../../ui/icons/waiting.svg?url';
import { messages } from '../../ui/messages.ts';
import type { ContributeView, State } from '../contribute-view.ts';

const words = messages.contribute;

/** The tab's title: progress and round while a round is in work, the state while the node is busy otherwise. */
export function titleOf(state: State, { activity, steps, step, round, rounds }: ContributeView): string {
  if (state === 'training' && steps > 0)
    return `${words.tabProgress(formatPercent(Math.floor((step / steps) * 100) / 100), round, rounds)} – ${messages.brand}`;
  return activity === null && state !== 'failed' && state !== 'complete'
    ? words.title
    : `${words.state[state]} – ${messages.brand}`;
}

const icons: Partial<Record<State, string>> = {
  training,
  sending: training,
  finishing: training,
  paused: waiting,
  retrying: waiting,
  failed: stopped,
};

/** The address of the tab's icon in this state. Colour and form differ, so that either tells it. */
export function iconOf(state: State): string {
  return icons[state] ?? plain;
}

/** Shows a title and an icon in the browser's tab. */
export function showTabHead(title: string, icon: string): void {
  if (document.title !== title) document.title = title;
  const link = document.querySelector<HTMLLinkElement>('link[rel=icon]');
  if (link !== null && link.getAttribute('href') !== icon) link.href = icon;
}
