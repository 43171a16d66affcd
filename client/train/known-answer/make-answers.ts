/**
 * Prints answers.json, from the float64 reference:
 *
 *     npx node client/train/known-answer/make-answers.ts > answers.json && mv answers.json client/train/known-answer/
 */
import { referenceAnswer } from './reference-answer.ts';

/** Every width of a head that the kernels of attention have. */
const headSizes = Array.from({ length: 16 }, (_, i) => 8 * (i + 1));

const lines = headSizes.map((headSize) => JSON.stringify(referenceAnswer(headSize)));
console.log(`[\n${lines.join(',\n')}\n]`);
