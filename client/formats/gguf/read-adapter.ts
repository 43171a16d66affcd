import type { PeftAdapter } from '../peft/adapter.ts';
import type { ByteSource } from '../tensors/byte-source.ts';
import type { StoredTensor } from '../tensors/stored-tensor.ts';
import { bad } from './file.ts';
import { Metadata, unsupported } from './metadata.ts';
import { isRotated, rowsInTransformers, transformersName } from './names.ts';
import { readGguf } from './reader.ts';

const suffix = '.weight';

/** The two factors of a module's adapter. */
interface Pair {
  a?: StoredTensor;
  b?: StoredTensor;
}

/**
 * Reads what the GGUF file of an adapter says, as llama.cpp's converter and `encodeGgufAdapter` write it; the values are not read.
 * `headSize` is that of the model, whose queries and keys have other rows in GGUF. Ranks may differ from module to module; llama.cpp
 * scales each by alpha / rank, and not at all if alpha is 0. Throws `gguf.bad-file` or `gguf.unsupported`.
 */
export async function openGgufAdapter(source: ByteSource, headSize: number): Promise<PeftAdapter> {
  const file = await readGguf(source);
  const pairs = new Metadata(file.metadata);
  const architecture = pairs.text('general.architecture');
  if (architecture !== 'llama') throw unsupported(`its architecture is ${JSON.stringify(architecture)}`);
  if (pairs.text('general.type', 'model') !== 'adapter' || pairs.text('adapter.type') !== 'lora')
    throw unsupported('it is no LoRA adapter');
  const alpha = pairs.number('adapter.lora.alpha');
  const modules = [...modulesOf(file.tensors)].map(([module, { a, b }]) => {
    if (a === undefined || b === undefined) throw bad(`${module} has one matrix of two`);
    const [rank = 0] = a.shape;
    if (a.shape.length !== 2 || b.shape.length !== 2 || b.shape[1] !== rank || rank < 1)
      throw bad(`the matrices of ${module} do not have one rank`);
    const [outputs = 0] = b.shape;
    const isTurned = isRotated(`${module}${suffix}`);
    if (isTurned && outputs % headSize !== 0) throw bad(`${module} has rows that are no whole heads`);
    return {
      module,
      rank,
      tensors: [
        { ...a, name: `${module}.lora_A.weight` },
        {
          ...b,
          name: `${module}.lora_B.weight`,
          ...(isTurned ? { rows: rowsInTransformers(outputs, headSize) } : {}),
        },
      ],
    };
  });
  const [first] = modules;
  if (first === undefined) throw bad('it has no tensors');
  const ranks = Object.fromEntries(modules.map(({ module, rank }) => [module, rank]));
  return {
    rank: first.rank,
    alpha: alpha === 0 ? first.rank : alpha,
    targets: modules.map(({ module }) => module),
    rsLora: false,
    dora: false,
    rankPattern: modules.every(({ rank }) => rank === first.rank) ? {} : ranks,
    alphaPattern: alpha === 0 ? ranks : {},
    baseModel: null,
    metadata: pairs.textsOf('tapestry.'),
    tensors: modules.flatMap(({ tensors }) => tensors),
  };
}

function modulesOf(tensors: readonly StoredTensor[]): Map<string, Pair> {
  const modules = new Map<string, Pair>();
  for (const tensor of tensors) {
    const [, base = '', factor] = /^(.+)\.lora_(a|b)$/.exec(tensor.name) ?? [];
    const name = transformersName(base);
    if (name === null || !name.startsWith('model.layers.') || !name.endsWith(suffix) || name.includes('norm'))
      throw unsupported(`it has a tensor ${JSON.stringify(tensor.name.slice(0, 200))}`);
    const module = name.slice(0, -suffix.length);
    const pair = modules.get(module) ?? {};
    modules.set(module, factor === 'a' ? { ...pair, a: tensor } : { ...pair, b: tensor });
  }
  return modules;
}
