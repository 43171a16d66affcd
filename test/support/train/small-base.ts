import { join } from 'node:path';
import { saveBase } from '../../../apps/cli/model/base-folder.ts';
import { byteTokenizer } from '../../../client/data/tokenizer.ts';
import { initialParameters, layoutOf } from '../../../client/model/parameters.ts';

/** Writes an untrained base of bytes that a software adapter trains in seconds. Gives its folder. */
export async function smallBase(parent: string, name = 'small'): Promise<string> {
  const sizes = { layers: 1, dimension: 32, heads: 2, keyValueHeads: 1, feedForward: 64, contextLength: 128 };
  const rest = { vocabularySize: byteTokenizer.vocabularySize, ropeTheta: 10_000, normEpsilon: 1e-5 };
  const config = { ...sizes, ...rest, tiedHead: true };
  const layout = layoutOf(config);
  const model = {
    config,
    layout,
    parameters: initialParameters(config, layout, 1),
    tokenizer: byteTokenizer,
  };
  const facts = { run: '0'.repeat(64), round: 0, contributions: 0, tokens: 0, localSteps: 1 };
  const folder = join(parent, name);
  await saveBase(folder, model, { name, license: 'Apache-2.0', corpora: [], ...facts });
  return folder;
}
