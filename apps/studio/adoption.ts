import type { RecipeChange, RecipeForm } from '../../client/derive/recipe/recipe-form.ts';
import type { DatasetView, DocumentView, LibraryView } from './worker/worker-api.ts';

/** The dataset of votes, which a recipe uses only when it is asked to. */
export const votesFile = 'votes.jsonl';

/** What a recipe takes of files that were added; null if it stays as it is. */
export function adopted(form: RecipeForm, before: LibraryView, now: LibraryView): RecipeChange | null {
  const choice: { -readonly [Key in keyof RecipeChange]: RecipeChange[Key] } = documentsFor(
    form,
    before,
    now,
  );
  const names = now.models.map(({ name }) => name);
  const known = new Set(before.models.map(({ name }) => name));
  const added = now.models.filter(({ name, kind }) => kind === 'base' && !known.has(name)).at(-1);
  if (added !== undefined && !names.includes(form.base)) choice.base = added.name;
  const seen = new Set(before.datasets.map(({ name }) => name));
  const datasets = now.datasets.filter(
    ({ name, refusal }) => !seen.has(name) && name !== votesFile && refusal === null,
  );
  if (datasets.length > 0) {
    const here = new Set(now.datasets.map(({ name }) => name));
    const used = form.datasets.filter((name) => here.has(name));
    const kind = used.length === 0 ? kindFor(datasets) : form.kind;
    const fitting = datasets.filter((dataset) => fits(dataset, kind)).map(({ name }) => name);
    // Texts beside answers are what the model must not forget.
    const texts = datasets
      .filter((dataset) => isText(dataset) && !fits(dataset, kind))
      .map(({ name }) => name);
    if (fitting.length > 0) Object.assign(choice, { kind, datasets: [...new Set([...used, ...fitting])] });
    if (texts.length > 0)
      Object.assign(choice, {
        replayText: [...new Set([...form.replayText, ...texts])],
        replayCorpora: [],
      });
  }
  return Object.keys(choice).length === 0 ? null : choice;
}

/** The new files that a recipe names where it names none yet: a function is what a *reinforce* stage rewards. */
function documentsFor(form: RecipeForm, before: LibraryView, now: LibraryView): RecipeChange {
  const seen = new Set(before.documents.map(({ name }) => name));
  const added = (kind: DocumentView['kind']) =>
    now.documents.findLast((document) => document.kind === kind && !seen.has(document.name))?.name;
  const [constitution, rules, own] = [added('constitution'), added('rules'), added('function')];
  return {
    ...(constitution !== undefined && form.constitution === null && { constitution }),
    ...(rules !== undefined && form.protectedFile === null && !form.hasOwnRules && { protectedFile: rules }),
    ...(own !== undefined && form.rewards === 0 && { kind: 'reinforce' as const, rewardFunction: own }),
  };
}

const isText = ({ forms }: DatasetView) => Object.keys(forms).every((form) => form === 'text');

function fits({ forms }: DatasetView, kind: RecipeForm['kind']): boolean {
  switch (kind) {
    case 'continue':
      return 'text' in forms;
    case 'instruct':
      return 'answer' in forms || 'messages' in forms;
    case 'reward':
      return 'preference' in forms;
    case 'prefer':
      return 'preference' in forms || 'label' in forms;
    case 'reinforce':
      return 'prompt' in forms || 'answer' in forms;
    default:
      return kind satisfies never;
  }
}

/** The stage that the rows of datasets are for. */
function kindFor(datasets: readonly DatasetView[]): RecipeForm['kind'] {
  const kinds = ['prefer', 'instruct', 'reinforce'] as const;
  return kinds.find((kind) => datasets.some((dataset) => fits(dataset, kind))) ?? 'continue';
}
