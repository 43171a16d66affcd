import { auditWords } from './audit-words.ts';
import { baseWords } from './base-words.ts';
import { commonWords } from './common-words.ts';
import { contributeWords } from './contribute-words.ts';
import { dashboardWords } from './dashboard-words.ts';
import { envelopeWords } from './envelope-words.ts';
import { evaluatorWords } from './evaluator-words.ts';
import { fileWords } from './file-words.ts';
import { presenterWords } from './presenter-words.ts';
import { roundWords } from './round-words.ts';
import { sceneWords } from './scene-words.ts';
import { studioWords } from './studio-words.ts';
import { unsupportedWords } from './unsupported-words.ts';

/** Every text that the pages show, in English. */
export const english = {
  ...commonWords,
  audit: auditWords,
  bases: baseWords,
  contribute: contributeWords,
  dashboard: dashboardWords,
  files: fileWords,
  envelope: envelopeWords,
  evaluators: evaluatorWords,
  presenter: presenterWords,
  rounds: roundWords,
  // Errors and what the verifier finds are written in English: theirs is the better text, because it names files and numbers.
  findings: null,
  problems: null,
  scenes: sceneWords,
  studio: studioWords,
  unsupported: unsupportedWords,
} as const;
