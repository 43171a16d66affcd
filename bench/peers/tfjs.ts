import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import './tfjs-node.ts';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import type { Contender } from '../step/contender.ts';
import { serve } from '../step/serve.ts';
import { gptSize, learningRate, optimizer, type Workload } from '../step/workload.ts';
import { provideGpu } from './node-gpu.ts';

/** A GPT and AdamW as TensorFlow.js would have them: variables, `tidy`, its own Adam; the decay is AdamW's, decoupled. */
async function open(workload: Workload): Promise<Contender> {
  const device = process.argv[2] === 'wasm' ? 'wasm' : 'webgpu';
  if (device === 'wasm') {
    const file = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/package.json');
    setWasmPaths(`${dirname(file)}${sep}dist${sep}`);
  } else {
    provideGpu();
    await import('@tensorflow/tfjs-backend-webgpu');
  }
  if (!(await tf.setBackend(device))) throw new Error(`tfjs has no ${device} here`);
  const { config, batch, sequence } = workload;
  const { dimension, heads, vocabularySize } = config;
  const rows = batch * sequence;
  const normal = (deviation: number, ...shape: [number, number]) =>
    tf.variable<tf.Rank.R2>(tf.randomNormal(shape, 0, deviation));
  const ones = () => tf.variable<tf.Rank.R1>(tf.ones([dimension]));
  const residual = 0.02 / Math.sqrt(2 * config.layers);
  const tokens = normal(0.02, vocabularySize, dimension);
  const positions = normal(0.02, sequence, dimension);
  const lastNorm = ones();
  const layers = Array.from({ length: config.layers }, () => ({
    norm1: ones(),
    queryKeyValue: normal(0.02, dimension, 3 * dimension),
    output: normal(residual, dimension, dimension),
    norm2: ones(),
    up: normal(0.02, dimension, 4 * dimension),
    down: normal(residual, 4 * dimension, dimension),
  }));
  const variables: tf.Variable[] = [tokens, positions, lastNorm, ...layers.flatMap(Object.values)];
  const size = variables.reduce((sum, variable) => sum + variable.size, 0);
  if (size !== gptSize(workload)) throw new Error(`the GPT has ${size} parameters`);
  /** 0 where a query may look, very negative where it may not. */
  const future = tf.tidy(() =>
    tf.mul(tf.sub(tf.linalg.bandPart(tf.ones([sequence, sequence]), -1, 0), 1), 1e9),
  );

  const normalize = (input: tf.Tensor2D, gain: tf.Tensor1D): tf.Tensor2D => {
    const { mean, variance } = tf.moments(input, -1, true);
    return tf.mul(tf.mul(tf.sub(input, mean), tf.rsqrt(tf.add(variance, 1e-5))), gain);
  };
  const gelu = (x: tf.Tensor2D): tf.Tensor2D => {
    const cubed = tf.mul(tf.mul(tf.square(x), x), 0.044715);
    return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(tf.mul(tf.add(x, cubed), Math.sqrt(2 / Math.PI))), 1));
  };
  const attention = (projected: tf.Tensor2D): tf.Tensor2D => {
    const width = dimension / heads;
    const [query, key, value] = tf
      .split(projected, 3, -1)
      .map((part) => tf.transpose(tf.reshape(part, [batch, sequence, heads, width]), [0, 2, 1, 3]));
    if (query === undefined || key === undefined || value === undefined) throw new Error('no query');
    const scores = tf.mul(tf.matMul(query, key, false, true), 1 / Math.sqrt(width));
    const mixed = tf.matMul(tf.softmax(tf.add(scores, future)), value);
    return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [rows, dimension]);
  };
  // Its wasm backend has no gradient of a gather.
  const embed = (inputs: tf.Tensor1D): tf.Tensor =>
    device === 'wasm'
      ? tf.matMul(tf.cast(tf.oneHot(inputs, vocabularySize), 'float32'), tokens)
      : tf.gather(tokens, inputs);
  const lossOf = (inputs: tf.Tensor1D, targets: tf.Tensor1D): tf.Scalar => {
    const embedded = tf.reshape(embed(inputs), [batch, sequence, dimension]);
    let hidden = tf.reshape<tf.Rank.R2>(tf.add(embedded, positions), [rows, dimension]);
    for (const { norm1, queryKeyValue, output, norm2, up, down } of layers) {
      const mixed = attention(tf.matMul(normalize(hidden, norm1), queryKeyValue));
      hidden = tf.add(hidden, tf.matMul(mixed, output));
      hidden = tf.add(hidden, tf.matMul(gelu(tf.matMul(normalize(hidden, norm2), up)), down));
    }
    const logits = tf.matMul(normalize(hidden, lastNorm), tokens, false, true);
    return tf.losses.softmaxCrossEntropy(tf.oneHot(targets, vocabularySize), logits);
  };

  const { beta1, beta2, epsilon, weightDecay } = optimizer;
  const adam = tf.train.adam(learningRate, beta1, beta2, epsilon);
  const decayed = variables.filter(({ rank }) => rank > 1);
  let loss: tf.Scalar | undefined;
  return {
    adapter: device,
    parameters: size,
    step(data) {
      loss?.dispose();
      loss = tf.tidy(() => {
        const inputs = tf.tensor1d(Int32Array.from(data.inputs), 'int32');
        const targets = tf.tensor1d(Int32Array.from(data.targets), 'int32');
        const { value, grads } = tf.variableGrads(() => lossOf(inputs, targets), variables);
        for (const variable of decayed) variable.assign(tf.mul(variable, 1 - learningRate * weightDecay));
        adam.applyGradients(Object.entries(grads).map(([name, tensor]) => ({ name, tensor })));
        return value;
      });
    },
    async loss() {
      // Once the last update's result is here, all earlier work is done.
      const [value] = (await loss?.data()) ?? [];
      await (device === 'webgpu' ? lastNorm.data() : undefined);
      return value ?? Number.NaN;
    },
  };
}

await serve(open);
