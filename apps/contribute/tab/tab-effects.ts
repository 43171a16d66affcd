import { effect } from '@preact/signals';
import { messages } from '../../ui/messages.ts';
import { Tone } from '../away/tone.ts';
import type { Controller } from '../controller.ts';
import { iconOf, showTabHead, titleOf } from './tab-head.ts';
import { askBeforeLeaving, ScreenWakeLock, storeBeforeLeaving } from './while-training.ts';

/**
 * Lets the tab follow the node: title and icon, the question and the storing before leaving, the wake lock, the tone, and what other tabs hear. The
 * screen stays awake for an evaluation too: a tab of a device that sleeps scores nothing.
 */
export function followInTab(controller: Controller): void {
  const { state, progress, busy, evaluating, otherTab, choice, storeSoon } = controller;
  const tone = new Tone();
  const screen = new ScreenWakeLock();
  effect(() => {
    const title = titleOf(state.value, progress.value);
    const shown = otherTab.isCalled.value ? messages.contribute.otherTab.called(title) : title;
    showTabHead(shown, iconOf(state.value));
    otherTab.tell(busy.value ? title : null);
  });
  effect(() => askBeforeLeaving(busy.value));
  storeBeforeLeaving(() => {
    if (busy.peek()) storeSoon();
  });
  effect(() => tone.want(choice.tone.value && busy.value && !progress.value.paused));
  effect(() => screen.want((busy.value && !progress.value.paused) || evaluating.active.value));
}
