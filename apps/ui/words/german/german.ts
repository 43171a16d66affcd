import type { Messages } from '../catalogue.ts';
import { auditWords } from './audit-words.ts';
import { baseWords } from './base-words.ts';
import { commonWords } from './common-words.ts';
import { contributeWords } from './contribute-words.ts';
import { dashboardWords } from './dashboard-words.ts';
import { envelopeWords } from './envelope-words.ts';
import { evaluatorWords } from './evaluator-words.ts';
import { fileWords } from './file-words.ts';
import { presenterWords } from './presenter-words.ts';
import { findingWords } from './problems/finding-words.ts';
import { problemWords } from './problems/problem-words.ts';
import { roundWords } from './round-words.ts';
import { sceneWords } from './scene-words.ts';
import { studioWords } from './studio-words.ts';
import { unsupportedWords } from './unsupported-words.ts';

/** Every text that the pages show, in German. */
export const german: Messages = {
  ...commonWords,
  audit: auditWords,
  bases: baseWords,
  contribute: contributeWords,
  dashboard: dashboardWords,
  envelope: envelopeWords,
  evaluators: evaluatorWords,
  files: fileWords,
  findings: findingWords,
  presenter: presenterWords,
  rounds: roundWords,
  problems: problemWords,
  scenes: sceneWords,
  studio: studioWords,
  unsupported: unsupportedWords,
};
