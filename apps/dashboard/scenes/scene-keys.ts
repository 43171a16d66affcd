import type { PresenterCommand } from '../../../relay/wire/presenter.ts';

export const sceneNames = ['join', 'weave', 'learn', 'speak', 'thanks'] as const;
export type SceneName = (typeof sceneNames)[number];

/** What the presenter does to the run. */
export type RunCommand = Exclude<PresenterCommand['action'], 'skip'>;

/** What a key asks for: a scene, the end of the presentation, or a command of the presenter. */
export type KeyAction =
  | { readonly scene: SceneName }
  | { readonly leave: true }
  | { readonly nextPrompt: true }
  | { readonly command: RunCommand };

const steps: Readonly<Record<string, number>> = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 };
const commands: Readonly<Record<string, RunCommand>> = {
  s: 'start',
  p: 'pause',
  m: 'extend',
  r: 'remove',
  e: 'end',
};

/**
 * The action of a key in `scene`; null if it has none. Clickers send PageUp and PageDown. Keys that are characters act only where
 * `hasCharacters`.
 */
export function actionOf(key: string, scene: SceneName, hasCharacters: boolean): KeyAction | null {
  if (key === 'Escape') return { leave: true };
  const step = Object.hasOwn(steps, key) ? steps[key] : undefined;
  if (step !== undefined) {
    const next = sceneNames[sceneNames.indexOf(scene) + step];
    return next === undefined ? null : { scene: next };
  }
  if (!hasCharacters) return null;
  const named = sceneNames[Number(key) - 1];
  if (/^[1-5]$/.test(key) && named !== undefined) return { scene: named };
  const letter = key.toLowerCase();
  if (letter === 'n' && scene === 'speak') return { nextPrompt: true };
  const command = Object.hasOwn(commands, letter) ? commands[letter] : undefined;
  return command === undefined ? null : { command };
}

/** The key that leads the same way on a page that is read from right to left: there, what comes next is on the left. */
export function asRead(key: string, direction: 'ltr' | 'rtl'): string {
  if (direction === 'ltr') return key;
  return key === 'ArrowLeft' ? 'ArrowRight' : key === 'ArrowRight' ? 'ArrowLeft' : key;
}

/** True for an element whose keys are its own: what takes text, and what is asked in a dialog. */
export function ownsKeys(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('dialog, input, select, textarea') !== null;
}
