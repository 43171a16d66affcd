import type { PresenterCommand } from '../../../relay/wire/presenter.ts';

export const sceneNames = ['join', 'weave', 'learn', 'speak', 'thanks'] as const;
export type SceneName = (typeof sceneNames)[number];

/** What a key asks for: a scene, the end of the presentation, or a command of the presenter. */
export type KeyAction =
  | { readonly scene: SceneName }
  | { readonly leave: true }
  | { readonly command: Extract<PresenterCommand['action'], 'start' | 'pause' | 'extend'> };

const steps: Readonly<Record<string, number>> = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 };
const commands = { s: 'start', p: 'pause', m: 'extend' } as const;

/** The action of a key in `scene`; null if it has none. Clickers send PageUp and PageDown. */
export function actionOf(key: string, scene: SceneName): KeyAction | null {
  if (key === 'Escape') return { leave: true };
  const named = sceneNames[Number(key) - 1];
  if (/^[1-5]$/.test(key) && named !== undefined) return { scene: named };
  const step = Object.hasOwn(steps, key) ? steps[key] : undefined;
  if (step !== undefined) {
    const next = sceneNames[sceneNames.indexOf(scene) + step];
    return next === undefined ? null : { scene: next };
  }
  const letter = key.toLowerCase();
  if (letter === 's' || letter === 'p' || letter === 'm') return { command: commands[letter] };
  return null;
}
