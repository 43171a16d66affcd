import * as v from 'valibot';
import { type KeyPath, type RecipeForm, readKeys } from '../../recipe/read-keys.ts';
import { between, string } from '../../recipe/values.ts';

/** The labels of choices, in the order in which they are shown. */
export const choiceLabels = [...'ABCDEFGHIJ'] as const;

const name = v.pipe(
  v.string('must be text'),
  v.regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be small letters, digits and -'),
);
/** A text in each language. */
const texts = v.record(v.string(), string, 'must have a text for each language');
const choice = v.strictObject({ value: between(-1000, 1000), text: texts });
const choices = v.pipe(
  v.array(choice, 'must be a list'),
  v.minLength(2, 'needs two choices'),
  v.maxLength(choiceLabels.length, `has more than ${choiceLabels.length} choices`),
);
const question = v.strictObject({
  id: name,
  text: texts,
  scale: v.optional(name),
  choices: v.optional(choices),
  axes: v.record(name, between(-10, 10), 'must map axes to weights'),
});
const schema = v.strictObject({
  title: string,
  source: string,
  languages: v.pipe(v.array(name, 'must be a list'), v.minLength(1, 'needs one language')),
  template: texts,
  axes: v.pipe(
    v.array(v.strictObject({ id: name, low: string, high: string })),
    v.minLength(1, 'needs one axis'),
  ),
  scales: v.optional(v.record(name, choices), {}),
  questions: v.pipe(
    v.array(question, 'must be a list'),
    v.minLength(1, 'needs a question'),
    v.maxLength(1000, 'has more than 1000 questions'),
  ),
});

const form: RecipeForm<v.InferOutput<typeof schema>> = {
  subject: 'survey',
  schema,
  knownKeys: [
    ...['title', 'source', 'languages', 'template', 'axes', 'scales', 'questions', 'id', 'text', 'scale'],
    ...['choices', 'value', 'low', 'high'],
  ],
  ignoredKeys: new Set(),
  next: 'Correct the lines; docs/surveys.md describes the file.',
};

export interface SurveyChoice {
  readonly value: number;
  readonly text: string;
}

export interface SurveyQuestion {
  readonly id: string;
  readonly text: string;
  readonly choices: readonly SurveyChoice[];
  /** How much the question says about each axis; a negative weight turns it round. */
  readonly axes: ReadonlyMap<string, number>;
}

/** A survey in one language. */
export interface Survey {
  readonly title: string;
  readonly source: string;
  readonly language: string;
  /** With `{question}` and `{choices}`. */
  readonly template: string;
  readonly axes: readonly { readonly id: string; readonly low: string; readonly high: string }[];
  readonly questions: readonly SurveyQuestion[];
}

/**
 * Reads a survey from YAML or JSON; `file` is its name, for messages. Without a language it is the first of the file. Every text must be
 * there in every language of the file. Throws the errors of `readKeys`.
 */
export function readSurvey(text: string, file: string, language?: string): Survey {
  const { keys, refuse } = readKeys(text, file, form);
  const own = language ?? keys.languages[0] ?? '';
  if (!keys.languages.includes(own))
    throw refuse(['languages'], `the survey is in ${keys.languages.join(', ')} and not in ${own}`);
  const inOwn = (translated: Readonly<Record<string, string>>, path: KeyPath): string => {
    for (const each of keys.languages)
      if (translated[each] === undefined) throw refuse(path, `has no text in ${each}`);
    return translated[own] ?? '';
  };
  const axes = new Set(keys.axes.map(({ id }) => id));
  const choicesAt = (read: readonly v.InferOutput<typeof choice>[], path: KeyPath): SurveyChoice[] => {
    if (new Set(read.map(({ value }) => value)).size < 2) throw refuse(path, 'has one value only');
    return read.map((each, index) => ({
      value: each.value,
      text: inOwn(each.text, [...path, index, 'text']),
    }));
  };
  const seen = new Set<string>();
  const questions = keys.questions.map((each, index): SurveyQuestion => {
    const path = ['questions', index];
    if (seen.has(each.id)) throw refuse([...path, 'id'], `is there twice: ${each.id}`);
    seen.add(each.id);
    const unknown = Object.keys(each.axes).find((axis) => !axes.has(axis));
    if (unknown !== undefined) throw refuse([...path, 'axes'], `${unknown} is no axis of the survey`);
    const scale = each.scale === undefined ? undefined : keys.scales[each.scale];
    const read = each.choices ?? scale;
    if (read === undefined || (each.choices !== undefined && each.scale !== undefined))
      throw refuse(path, 'needs either choices or the name of a scale');
    const place: KeyPath = each.choices === undefined ? ['scales', each.scale ?? ''] : [...path, 'choices'];
    return {
      id: each.id,
      text: inOwn(each.text, [...path, 'text']),
      choices: choicesAt(read, place),
      axes: new Map(Object.entries(each.axes)),
    };
  });
  const template = inOwn(keys.template, ['template']);
  if (!template.includes('{question}') || !template.includes('{choices}'))
    throw refuse(['template'], 'must hold {question} and {choices}');
  return { title: keys.title, source: keys.source, language: own, template, axes: keys.axes, questions };
}
