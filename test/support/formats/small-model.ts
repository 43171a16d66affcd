import { saveAdapter } from '../../../apps/cli/model/adapter-folder.ts';
import { writeModelFolder } from '../../../apps/cli/model/write-model.ts';
import { byteTokenizer } from '../../../client/data/tokenizer.ts';
import { encodeModelFolder, parametersHash } from '../../../client/formats/model-folder.ts';
import { presets } from '../../../client/model/config.ts';
import { initialParameters, layoutOf } from '../../../client/model/parameters.ts';
import { livelyAdapter } from '../train/lively-adapter.ts';

/** A model of bytes that is small enough for a command's test. */
export const smallModelConfig = {
  ...presets.nano,
  ...{ layers: 1, dimension: 16, heads: 2, keyValueHeads: 1, feedForward: 32, contextLength: 4096 },
};
const layout = layoutOf(smallModelConfig);

interface SmallModelOptions {
  readonly kind?: 'base' | 'derivative';
  readonly contextLength?: number;
  /** True for a reward model. */
  readonly scores?: boolean;
}

/** Writes a folder of the small model. Its weights are large, so that its texts differ; they are returned. */
export async function writeSmallModel(
  folder: string,
  seed: number,
  { kind, ...sizes }: SmallModelOptions = {},
): Promise<Float32Array<ArrayBuffer>> {
  const config = { ...smallModelConfig, ...sizes };
  const own = layoutOf(config);
  const parameters = initialParameters(config, own, seed).map((value) => 4 * value);
  const metadata = {
    ...(kind && { 'tapestry.kind': kind }),
    ...(kind === 'base' && { 'tapestry.base': parametersHash(parameters) }),
  };
  await writeModelFolder(
    folder,
    encodeModelFolder(config, own, parameters, byteTokenizer, { metadata, card: '' }),
  );
  return parameters;
}

/** Writes a folder of PEFT for the small model of these weights. */
export async function writeSmallAdapter(folder: string, values: Float32Array, seed: number): Promise<string> {
  const settings = {
    ...{ rank: 2, alpha: 32, targets: null, rsLora: false, dora: false },
    ...{ rankPattern: {}, alphaPattern: {} },
  };
  const adapter = livelyAdapter({ layout, values }, settings, seed);
  await saveAdapter(folder, settings, adapter, { baseModel: 'small', metadata: {} });
  return folder;
}
