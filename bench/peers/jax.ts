import type { Array as JaxArray } from '@jax-js/jax';
import type { Contender } from '../step/contender.ts';
import { serve } from '../step/serve.ts';
import { gptSize, learningRate, optimizer, type Workload } from '../step/workload.ts';
import { provideGpu } from './node-gpu.ts';

// jax-js looks for navigator.gpu when it is imported.
provideGpu();
const jax = await import('@jax-js/jax');
const { numpy: np, nn, tree, random } = jax;

type Layer = Record<'norm1' | 'queryKeyValue' | 'output' | 'norm2' | 'up' | 'down', JaxArray>;
type Parameters = { tokens: JaxArray; positions: JaxArray; norm: JaxArray; layers: Layer[] };

/** A GPT and AdamW as jax-js would have them: one jitted function a step, arrays owned and passed on. */
async function open(workload: Workload): Promise<Contender> {
  const device = process.argv[2] === 'wasm' ? 'wasm' : 'webgpu';
  if (!(await jax.init(device)).includes(device)) throw new Error(`jax-js has no ${device} here`);
  jax.defaultDevice(device);
  const { config, batch, sequence } = workload;
  const { dimension, heads, layers, vocabularySize } = config;
  let seed = 0;
  const normal = (deviation: number, ...shape: number[]) =>
    random.normal(random.key(++seed), shape).mul(deviation);
  const residual = 0.02 / Math.sqrt(2 * layers);
  let parameters: Parameters = {
    tokens: normal(0.02, vocabularySize, dimension),
    positions: normal(0.02, sequence, dimension),
    norm: np.ones([dimension]),
    layers: Array.from({ length: layers }, () => ({
      norm1: np.ones([dimension]),
      queryKeyValue: normal(0.02, dimension, 3 * dimension),
      output: normal(residual, dimension, dimension),
      norm2: np.ones([dimension]),
      up: normal(0.02, dimension, 4 * dimension),
      down: normal(residual, 4 * dimension, dimension),
    })),
  };
  const size = tree.leaves(parameters).reduce((sum, leaf) => sum + leaf.size, 0);
  if (size !== gptSize(workload)) throw new Error(`the GPT has ${size} parameters`);

  const attention = (input: JaxArray, { queryKeyValue, output }: Layer) => {
    const projected = np.split(np.matmul(input, queryKeyValue), 3, -1);
    const [query, key, value] = projected.map((part) =>
      part.reshape([batch, sequence, heads, dimension / heads]),
    );
    if (query === undefined || key === undefined || value === undefined) throw new Error('no query');
    const mixed = nn.dotProductAttention(query, key, value, { isCausal: true });
    return np.matmul(mixed.reshape([batch, sequence, dimension]), output);
  };
  const lossOf = (model: Parameters, inputs: JaxArray, targets: JaxArray) => {
    let hidden = np.take(model.tokens.ref, inputs, 0).add(model.positions);
    for (const layer of model.layers) {
      hidden = hidden.ref.add(attention(nn.standardize(hidden, -1).mul(layer.norm1), layer));
      const widened = nn.gelu(np.matmul(nn.standardize(hidden.ref, -1).mul(layer.norm2), layer.up));
      hidden = hidden.add(np.matmul(widened, layer.down));
    }
    const logits = np.matmul(nn.standardize(hidden, -1).mul(model.norm), model.tokens.transpose());
    const chosen = nn.logSoftmax(logits, -1).mul(nn.oneHot(targets, vocabularySize));
    return chosen.sum().mul(-1 / (batch * sequence));
  };

  const { beta1, beta2, epsilon, weightDecay } = optimizer;
  const correction = (beta: number, count: JaxArray) => np.subtract(1, np.exp(count.mul(Math.log(beta))));
  const train = jax.jit(
    (
      model: Parameters,
      first: Parameters,
      second: Parameters,
      count: JaxArray,
      inputs: JaxArray,
      targets: JaxArray,
    ): [Parameters, Parameters, Parameters, JaxArray, JaxArray] => {
      const [loss, gradient] = jax.valueAndGrad(lossOf)(tree.ref(model), inputs, targets);
      const counted = count.add(1);
      const [scale1, scale2] = [correction(beta1, counted.ref), correction(beta2, counted.ref)];
      const newFirst = tree.map(
        (moment: JaxArray, slope: JaxArray) => moment.mul(beta1).add(slope.mul(1 - beta1)),
        first,
        tree.ref(gradient),
      );
      const newSecond = tree.map(
        (moment: JaxArray, slope: JaxArray) => moment.mul(beta2).add(np.square(slope).mul(1 - beta2)),
        second,
        gradient,
      );
      const updated = tree.map(
        (values: JaxArray, mean: JaxArray, square: JaxArray) => {
          const decay = values.shape.length > 1 ? weightDecay : 0;
          const update = mean.div(scale1.ref).div(np.sqrt(square.div(scale2.ref)).add(epsilon));
          return values.mul(1 - learningRate * decay).sub(update.mul(learningRate));
        },
        model,
        tree.ref(newFirst),
        tree.ref(newSecond),
      );
      scale1.dispose();
      scale2.dispose();
      return [updated, newFirst, newSecond, counted, loss];
    },
  );

  const zeros = () => tree.map((leaf: JaxArray) => np.zeros(leaf.shape), parameters);
  let [first, second, count] = [zeros(), zeros(), np.array(0, { dtype: np.float32 })];
  let loss: JaxArray | undefined;
  const shape = { shape: [batch, sequence], dtype: np.int32 };
  return {
    adapter: device,
    parameters: size,
    step({ inputs, targets }) {
      loss?.dispose();
      [parameters, first, second, count, loss] = train(
        parameters,
        first,
        second,
        count,
        np.array(Int32Array.from(inputs), shape),
        np.array(Int32Array.from(targets), shape),
      );
    },
    async loss() {
      // Arrays are lazy: the parameters too must be there before the clock stops.
      await jax.blockUntilReady(parameters);
      return Number((await loss?.ref.data())?.[0]);
    },
  };
}

await serve(open);
