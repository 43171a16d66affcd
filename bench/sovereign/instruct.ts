import { type Base, measured } from './base.ts';
import { cardLosses, exactAnswers } from './evaluation.ts';
import type { Figures } from './over-seeds.ts';
import { changes, type Stage, stageFigures } from './stage.ts';
import { answerRows, ofEachTask, questionsOf, unseen } from './tasks.ts';

/** Held-out questions of each task that are asked. */
const askedPerTask = 100;
/** Questions of each task that are trained on; two have fewer. */
const trainedPerTask = 1300;

const keys = `micro_batch_size: 12
optimizer: muon
learning_rate: 2e-3
replay: 0.4`;

const questions = ({ train, heldOut, seed }: Base) => {
  const trained = questionsOf(train, seed);
  return { trained, asked: unseen(questionsOf(heldOut, seed), trained) };
};

/** The held-out questions. */
export const askedOf = (base: Base) => ofEachTask(questions(base).asked, askedPerTask);

/** Exact answers of the base itself. */
export function answersOfBase(base: Base): Promise<Record<string, number>> {
  return exactAnswers(base.gpu, base.weights, askedOf(base));
}

/** Answers to questions about verses and words: exact answers to held-out questions. */
export function instruct(base: Base, steps: number, seed: number): Promise<Figures> {
  const asked = askedOf(base);
  const stage: Stage = {
    kind: 'instruct',
    keys: `${measured(4, steps)}\n${keys}`,
    seed,
    train: answerRows(ofEachTask(questions(base).trained, trainedPerTask)),
    heldOut: answerRows(asked),
  };
  return stageFigures(base, stage, async (result) => ({
    ...changes(result),
    exact: await exactAnswers(base.gpu, result.parameters, asked),
    loss: await cardLosses(base, result.parameters),
  }));
}
