import { type Base, measured } from '../base.ts';
import { cardLosses, exactAnswers } from '../evaluation.ts';
import { changes, type Stage, type StageResult, stageFigures } from '../stage.ts';
import { answerRows, itemsOf, ofEachTask, questionsOf, unseen } from './tasks.ts';

/** Held-out questions of each task that are asked. */
const askedPerTask = 100;
/** Questions of each task that are trained on, or all that there are. */
const trainedPerTask = 2500;

const keys = `micro_batch_size: 8
optimizer: muon
learning_rate: 1.5e-3
replay: 0.5`;

/** No word and no end of a verse that is asked about is trained on. */
function questions({ train, heldOut, seed }: Base) {
  const trained = itemsOf(train, false);
  return {
    trained: questionsOf(trained, seed),
    asked: questionsOf(unseen(itemsOf(heldOut, true), trained), seed),
  };
}

/** The held-out questions. */
export const askedOf = (base: Base) => ofEachTask(questions(base).asked, askedPerTask);

/** Exact answers of the base itself. */
export function answersOfBase(base: Base): Promise<Record<string, number>> {
  return exactAnswers(base.gpu, base.weights, askedOf(base));
}

/** Answers to questions about verses and words: exact answers to held-out questions. */
export function instruct(base: Base, steps: number, seed: number): Promise<StageResult> {
  const asked = askedOf(base);
  const stage: Stage = {
    kind: 'instruct',
    keys: `${measured(2, steps)}\n${keys}`,
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
