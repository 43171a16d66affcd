import type { ChosenFile } from '../../ui/files/chosen.ts';

/** True if text is nothing but addresses of pages, which this page never reads. */
export function isAddress(text: string): boolean {
  const words = text.trim().split(/\s+/);
  return words.every((word) => /^(?:https?:\/\/|www\.)\S+$/i.test(word));
}

/** The files of a choice without those that a system or a program hides in its folders. */
export function visibleFiles(chosen: readonly ChosenFile[]): File[] {
  const isHidden = (path: string) =>
    path.includes('/') && path.split('/').some((name) => name.startsWith('.'));
  return chosen.filter(({ path }) => !isHidden(path)).map(({ file }) => file);
}

/** The first names of a list; of the rest an ellipsis. */
export function firstNames(names: readonly string[], most = 8): string {
  const shown = names.slice(0, most).join(', ');
  return names.length > most ? `${shown}, …` : shown;
}
