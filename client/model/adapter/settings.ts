import { TapestryError } from '../../errors.ts';
import {
  isProjection,
  layTensors,
  type NamedShape,
  type ParameterLayout,
  type TensorPlace,
} from '../parameters.ts';

/**
 * The settings of low-rank adapters, with PEFT's meaning: a matrix W (outputs, inputs) becomes W + scale B A, with A (rank, inputs)
 * and B (outputs, rank) (LoRA, Hu et al. 2021, arXiv 2106.09685).
 */
export interface AdapterSettings {
  readonly rank: number;
  /** The scale is alpha / rank or, for rank-stabilised adapters (Kalajdzievski 2023, arXiv 2312.03732), alpha / sqrt(rank). */
  readonly alpha: number;
  /** The ends of the adapted modules' names, such as `q_proj` or `mlp.up_proj`; null adapts every projection of the layers. */
  readonly targets: readonly string[] | null;
  readonly rsLora?: boolean;
  /** True if each row of W + scale B A is also scaled to a trained length, its magnitude (DoRA, Liu et al. 2024, arXiv 2402.09353). */
  readonly dora?: boolean;
  /** The share of an adapter's inputs that each step of training drops; 0 by default. What is drawn follows from the seed. */
  readonly dropout?: number;
  readonly dropoutSeed?: number;
  /** Ranks and alphas of single modules, by the end of their name; the first entry that fits counts. */
  readonly rankPattern?: Readonly<Record<string, number>>;
  readonly alphaPattern?: Readonly<Record<string, number>>;
}

/** One adapted matrix of a model. */
export interface AdaptedMatrix {
  /** The name of the model's tensor. */
  readonly name: string;
  readonly rank: number;
  /** Factor of B A. */
  readonly scale: number;
  /** True if its rows have magnitudes. */
  readonly dora: boolean;
  readonly outputs: number;
  readonly inputs: number;
  /** (outputs, inputs) in files, where the model's kernels need more. */
  readonly fileShape?: readonly number[];
}

/** The largest rank of an adapter. */
export const mostRank = 1024;

const suffix = '.weight';

/** True if a module's name is `end` or ends with it after a dot. */
const endsWith = (module: string, end: string) => module === end || module.endsWith(`.${end}`);

/** The names of an adapter's tensors for a tensor of the model: PEFT's, without its prefix `base_model.model.`. */
export function adapterNames(name: string) {
  const module = name.slice(0, -suffix.length);
  return {
    a: `${module}.lora_A.weight`,
    b: `${module}.lora_B.weight`,
    magnitude: `${module}.lora_magnitude_vector`,
  };
}

/** The matrices of a model that an adapter adapts, in the order of the layout. Throws TapestryError `adapter.settings`. */
export function adaptedMatrices(layout: ParameterLayout, settings: AdapterSettings): AdaptedMatrix[] {
  const {
    targets,
    rank,
    alpha,
    rsLora = false,
    dora = false,
    rankPattern = {},
    alphaPattern = {},
  } = settings;
  const { dropout = 0 } = settings;
  if (!(dropout >= 0 && dropout < 1))
    throw refused(`its dropout is ${dropout}`, 'Give a share from 0 up to, but not including, 1.');
  const modules = layout.tensors.filter(isProjection);
  const ends = [...(targets ?? []), ...Object.keys(rankPattern), ...Object.keys(alphaPattern)];
  const unknown = ends.find(
    (end) => !modules.some(({ name }) => endsWith(name.slice(0, -suffix.length), end)),
  );
  if (unknown !== undefined)
    throw refused(
      `no projection of the model is named ${unknown}`,
      `Name projections by the end of their name, such as ${[...new Set(modules.map(shortName))].join(', ')}.`,
    );
  const adapted = modules.flatMap((tensor) => {
    const module = tensor.name.slice(0, -suffix.length);
    if (targets !== null && !targets.some((end) => endsWith(module, end))) return [];
    const own = <Value>(pattern: Readonly<Record<string, Value>>, usual: Value): Value =>
      Object.entries(pattern).find(([end]) => endsWith(module, end))?.[1] ?? usual;
    const [ownRank, ownAlpha] = [own(rankPattern, rank), own(alphaPattern, alpha)];
    if (!Number.isSafeInteger(ownRank) || ownRank < 1 || ownRank > mostRank)
      throw refused(`the rank of ${module} is ${ownRank}`, `Give a whole number from 1 to ${mostRank}.`);
    if (!Number.isFinite(ownAlpha)) throw refused(`the alpha of ${module} is ${ownAlpha}`, 'Give a number.');
    const scale = ownAlpha / (rsLora ? Math.sqrt(ownRank) : ownRank);
    const [outputs = 0, inputs = 0] = tensor.shape;
    const inFiles = tensor.fileShape === undefined ? {} : { fileShape: tensor.fileShape };
    return [{ name: tensor.name, rank: ownRank, scale, dora, outputs, inputs, ...inFiles }];
  });
  if (adapted.length === 0)
    throw refused('no matrix is adapted', 'Name at least one projection as a target.');
  return adapted;
}

const shortName = ({ name }: TensorPlace) =>
  name.replace(/^model\.layers\.\d+\./, '').slice(0, -suffix.length);

/** An adapter's tensors, in the order of the model's. */
export function adapterTensors(adapted: readonly AdaptedMatrix[]): NamedShape[] {
  return adapted.flatMap(({ name, rank, dora, outputs, inputs, fileShape }) => {
    const { a, b, magnitude } = adapterNames(name);
    const [fileOutputs = outputs, fileInputs = inputs] = fileShape ?? [];
    const tensor = (name: string, shape: readonly number[], inFiles: readonly number[]): NamedShape =>
      fileShape === undefined ? { name, shape } : { name, shape, fileShape: inFiles };
    return [
      tensor(a, [rank, inputs], [rank, fileInputs]),
      tensor(b, [outputs, rank], [fileOutputs, rank]),
      ...(dora ? [tensor(magnitude, [outputs], [fileOutputs])] : []),
    ];
  });
}

/** The layout of an adapter's own parameters. Throws TapestryError `adapter.settings`. */
export function adapterLayout(layout: ParameterLayout, settings: AdapterSettings): ParameterLayout {
  return layTensors(adapterTensors(adaptedMatrices(layout, settings)));
}

function refused(reason: string, action: string): TapestryError {
  return new TapestryError('adapter.settings', `The adapter cannot be made: ${reason}.`, action);
}
