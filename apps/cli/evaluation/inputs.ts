import { basename, resolve } from 'node:path';
import { type Corpus, joinCorpora } from '../../../client/data/corpus.ts';
import { Problems } from '../../../client/data/reading/problems.ts';
import { TextBytes } from '../../../client/data/text-bytes.ts';
import { loadNation } from '../../../client/data/udhr/nations.ts';
import { readDatasets } from '../../../client/derive/data/read-datasets.ts';
import type { Row } from '../../../client/derive/data/row.ts';
import { builtInSurveys } from '../../../client/derive/evaluation/survey/built-in.ts';
import { readSurvey, type Survey } from '../../../client/derive/evaluation/survey/survey.ts';
import { compilePattern } from '../../../client/derive/patterns.ts';
import { printable, TapestryError } from '../../../client/errors.ts';
import { textFilesAt } from '../../../client/host/corpus-files.ts';
import { NotRead, readRegularFile } from '../../../client/host/regular-file.ts';
import { DataJournal } from '../cards/data-journal.ts';
import { requireUse } from '../cards/data-use.ts';
import { domainsAt } from '../protect/rules-file.ts';
import { corporaByCard } from './card-corpora.ts';
import type { AnswerInputs } from './evaluate-answers.ts';

export interface EvaluationFlags {
  /** The node's data folder, whose journal says what was revoked. */
  readonly data: string;
  readonly corpus?: readonly string[];
  readonly text?: readonly string[];
  readonly probe?: readonly string[];
  readonly pairs?: readonly string[];
  readonly survey?: readonly string[];
  readonly language?: string;
  readonly prompts?: readonly string[];
  readonly harmless?: readonly string[];
  readonly protect?: string;
  readonly refusal?: readonly string[];
  readonly judge?: string;
}

/** What models are evaluated on. */
export interface EvaluationInputs {
  readonly corpora: readonly Corpus[];
  /** Rows of each file of pairs. */
  readonly pairs: readonly { readonly name: string; readonly rows: readonly Row[] }[];
  readonly surveys: readonly Survey[];
  readonly answers: AnswerInputs;
}

/** The built-in corpora that are read where nothing else is asked for. */
const usualCorpora = ['Romance', 'Germanic', 'Bantu'] as const;

const maxSurveyBytes = 2 ** 22;

/** Reads what the options name. @throws TapestryError `corpus.*`, `card.*`, `dataset.none`, `survey.*` */
export async function readEvaluationInputs(
  flags: EvaluationFlags,
  onProblem: (problem: TapestryError) => void,
): Promise<EvaluationInputs> {
  const { text = [], probe = [], pairs = [], survey = [], prompts = [], harmless = [] } = flags;
  const others = [text, probe, pairs, survey, prompts, harmless].flat().length;
  const names = flags.corpus ?? (others > 0 ? [] : usualCorpora);
  const corpora = await Promise.all(names.map(loadNation));
  const revoked = await new DataJournal(flags.data).revoked();
  const byCard = async (patterns: readonly string[]) =>
    patterns.length > 0 ? corporaByCard(patterns, revoked, onProblem) : [];
  corpora.push(...(await byCard(text)), ...(await byCard(probe)).map(whole));
  for (const { name, heldOut } of corpora)
    if (heldOut.length < 2)
      throw new TapestryError(
        'corpus.too-short',
        `${printable(name)} has no held-out text.`,
        'Give more text.',
      );
  const rowsAt = async (patterns: readonly string[]) => {
    if (patterns.length === 0) return [];
    const problems = new Problems();
    const files = await readDatasets(patterns, await textFilesAt(patterns, problems), onProblem, problems);
    for (const file of files) await requireUse(file, 'build', revoked);
    return files;
  };
  const [pairFiles, promptFiles, harmlessFiles] = [
    await rowsAt(pairs),
    await rowsAt(prompts),
    await rowsAt(harmless),
  ];
  return {
    corpora,
    pairs: pairFiles.map(({ name, rows }) => ({ name: basename(name), rows })),
    surveys: await Promise.all(survey.map((each) => surveyOf(each, flags.language))),
    answers: {
      prompts: promptFiles.flatMap(({ rows }) => rows),
      harmless: harmlessFiles.flatMap(({ rows }) => rows),
      domains: await domainsAt(flags.protect),
      refusals: (flags.refusal ?? []).map((source) => compilePattern(source)),
      judge: flags.judge ?? null,
    },
  };
}

/** A corpus of which all text is measured. */
function whole({ name, train, heldOut }: Corpus): Corpus {
  const none = new TextBytes();
  const parts = [train, heldOut].map((part) => ({ name, train: none, heldOut: part }));
  return joinCorpora(name, parts);
}

/** A survey by the name of a built-in one, or from a file. Throws `survey.missing`, or as `readSurvey`. */
async function surveyOf(name: string, language: string | undefined): Promise<Survey> {
  const builtIn = builtInSurveys.get(name);
  if (builtIn !== undefined) return readSurvey(builtIn, name, language);
  try {
    const bytes = await readRegularFile(resolve(name), maxSurveyBytes);
    return readSurvey(new TextDecoder().decode(bytes), name, language);
  } catch (error) {
    if (!(error instanceof NotRead)) throw error;
    throw new TapestryError(
      'survey.missing',
      `${printable(name)} is neither a survey of this program nor a file that can be read.`,
      `Name one of ${[...builtInSurveys.keys()].join(', ')}, or a file as docs/surveys.md describes it.`,
      { cause: error },
    );
  }
}
