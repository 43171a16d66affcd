import { codecFor } from '../../apps/cli/run/choices/delta-choices.ts';
import { DeltaProgram } from '../../client/contribute/encoding/delta-program.ts';
import { BaseDelta } from '../../client/contribute/round/base-delta.ts';
import { encodeDelta } from '../../client/contribute/round/error-feedback.ts';
import { openDevice } from '../../client/gpu/device.ts';
import { FlatVector } from '../../client/gpu/flat-vector.ts';
import { nodeGpu } from '../../client/host/node/runtime.ts';
import { groupAlignment } from '../../client/model/parameters.ts';
import { Random } from '../../client/random.ts';
import { median } from '../step/summary.ts';

export interface EncodeBenchOptions {
  readonly parameters: readonly number[];
  readonly rounds: number;
}

/** The change of a parameter in a round, about that of 30 steps of AdamW. */
const deviation = 0.005;

/**
 * The time of a round's encoding, delta and error feedback included, for vectors of so many random values: on the processor, and by the program
 * that a graphics card runs. They take turns on the same vectors; the medians, and of the program's times by the processor's the median and
 * all. `same` if they gave the same bytes and the same residual in each round.
 */
export async function* encodeBench({ parameters, rounds }: EncodeBenchOptions) {
  const device = await openDevice(await nodeGpu());
  for (const count of parameters) {
    const length = Math.ceil(count / groupAlignment) * groupAlignment;
    const { codec } = codecFor('sparse', length);
    if (codec.choice === undefined) throw new Error('the codec chooses nothing');
    const random = Random.seeded(1);
    const base = Float32Array.from({ length }, () => 0.02 * random.normal());
    const vector = (label: string) => new FlatVector(device, { label, length, bytesPerElement: 4, cuts: [] });
    const [vectors, gradient] = [vector('parameters'), vector('gradient')];
    const layout = { tensors: [], length, trained: length, hash: '' };
    const trained = { layout, parameters: vectors, weights: vectors, gradient };
    const program = await DeltaProgram.create(device, trained, codec.choice, codec.feedbackDecay);
    let residual = new Float32Array(length);
    const [byProcessor, byProgram]: [number[], number[]] = [[], []];
    let same = true;
    // The first round compiles, and is not counted.
    for (let round = 0; round <= rounds; round++) {
      const local = base.map((value) => value + deviation * random.normal());
      vectors.write(local);
      await device.device.queue.onSubmittedWorkDone();
      const startedAt = performance.now();
      const wanted = encodeDelta(BaseDelta.between(base, local, codec.clipNorm), residual, codec);
      const processorAt = performance.now();
      const made = await program.encode(base, residual, codec.clipNorm, codec);
      const programAt = performance.now();
      if (made === null) throw new Error('the program encoded nothing');
      same &&= Buffer.from(made.payload).equals(Buffer.from(wanted.payload));
      same &&= Buffer.from(made.residual.buffer).equals(Buffer.from(wanted.residual.buffer));
      if (round > 0) {
        byProcessor.push(processorAt - startedAt);
        byProgram.push(programAt - processorAt);
      }
      residual = made.residual;
    }
    program.close();
    const ratios = byProgram.map((time, i) => rounded(time / (byProcessor[i] ?? 0), 1000));
    yield {
      ...{ bench: 'encode', adapter: device.name, parameters: length, rounds, same },
      processorMilliseconds: rounded(median(byProcessor), 10),
      programMilliseconds: rounded(median(byProgram), 10),
      ...{ ratio: median(ratios), ratios },
    };
  }
  device.close();
}

const rounded = (value: number, steps: number) => Math.round(value * steps) / steps;
