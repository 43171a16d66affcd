import type { Precision } from '../../../shaders/shader.ts';
import type { Device } from '../../gpu/device.ts';
import type { Chooser } from '../../gpu/program.ts';
import { Trainer } from '../trainer.ts';
import { freshState } from '../training.ts';
import answers from './answers.json' with { type: 'json' };
import { questionOf, questionRate, questionSettings, questionShape } from './question.ts';
import { relativeError, type Sketch, sketchOf } from './sketch.ts';

/** The results of a question's step. */
export interface Answer {
  readonly headSize: number;
  /** In nats per token. */
  readonly loss: number;
  /** Of each tensor, in the layout's order. */
  readonly gradient: readonly Sketch[];
  /** The change of the parameters by each optimizer. */
  readonly adamw: Sketch;
  readonly muon: Sketch;
}

/** What a run trains with. */
export interface Trained {
  readonly headSize: number;
  readonly storage: Precision;
  readonly optimizer: 'adamw' | 'muon';
}

/** The largest relative error of a right answer. Rounding makes about 2e-6 with f32 storage and 2e-3 with f16. */
export const answerTolerance = { f32: 5e-4, f16: 3e-2 } as const satisfies Record<Precision, number>;

/** A scale at which no gradient of the question overflows in 16-bit floats. */
const lossScaling = { initialScale: 256, growthInterval: 0 };

/** The stored answer; undefined for a width of heads that no kernel has. */
function storedAnswer(headSize: number): Answer | undefined {
  return answers.find((answer) => answer.headSize === headSize);
}

/**
 * The relative error of the adapter's answer with the chosen kernels: that of the loss, of a tensor's gradient or of the
 * optimizer's update, whichever is greatest. Infinite if a number is not finite. Throws the errors of `Trainer.create`, and
 * `device.lost`.
 */
export async function answerError(
  device: Device,
  { headSize, storage, optimizer }: Trained,
  choices: Chooser,
): Promise<number> {
  const right = storedAnswer(headSize);
  if (right === undefined) throw new RangeError(`no answer is stored for heads of width ${headSize}`);
  const { config, layout, parameters, batch } = questionOf(headSize);
  const settings = questionSettings[optimizer];
  const trainer = await Trainer.create(device, config, questionShape, settings, {
    storage,
    lossScaling,
    choices,
  });
  try {
    trainer.load(freshState(parameters));
    trainer.step(batch, questionRate);
    const [loss, gradient, after] = await Promise.all([
      trainer.loss(),
      trainer.gradient(),
      trainer.parameters(),
    ]);
    const change = Float64Array.from(after, (value, i) => value - (parameters[i] ?? 0));
    const errors = [
      Math.abs(loss - right.loss) / right.loss,
      ...layout.tensors.map(({ offset, size }, i) =>
        errorOf(gradient.subarray(offset, offset + size), right.gradient[i]),
      ),
      errorOf(change, right[optimizer]),
    ];
    return errors.every(Number.isFinite) ? Math.max(...errors) : Number.POSITIVE_INFINITY;
  } finally {
    trainer.close();
  }
}

function errorOf(values: ArrayLike<number>, right: Sketch | undefined): number {
  return right === undefined ? Number.POSITIVE_INFINITY : relativeError(sketchOf(values), right);
}
