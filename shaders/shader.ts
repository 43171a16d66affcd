import { part, type ShaderPart } from './files.ts';
import { type Bindings, type Reflection, reflect, type StructField } from './reflect.ts';

/** Precision of activations and of the weights that kernels read. Sums, moments and weight gradients are always float32. */
export type Precision = 'f32' | 'f16';

/** A feature that a shader needs and not every adapter has. */
export type Need = 'subgroups' | 'f16' | 'matrixUnits';

/** The definition of a shader. */
export interface ShaderDefinition {
  readonly name: string;
  /** Files of the text. They read and write activations as `Stored`; `sourceFor` defines this type and the constants. */
  readonly parts: readonly ShaderPart[];
  /** Constants that the parts do not define; they are the same in every kernel. */
  readonly defined?: Readonly<Record<string, number>>;
  /** Names of constants that differ per kernel and must be in the text, such as the sizes of private arrays. */
  readonly constants?: readonly string[];
  readonly needs?: readonly Need[];
}

/** A shader in WGSL. Its bindings and override constants are read from the text at first use. */
export class Shader implements ShaderDefinition {
  readonly name: string;
  readonly parts: readonly ShaderPart[];
  readonly defined: Readonly<Record<string, number>>;
  readonly constants: readonly string[];
  readonly needs: readonly Need[];
  #reflection: Reflection | undefined;

  constructor({ name, parts, defined = {}, constants = [], needs = [] }: ShaderDefinition) {
    this.name = name;
    this.parts = parts;
    this.defined = defined;
    this.constants = constants;
    this.needs = needs;
  }

  /** The text of all parts. */
  get source(): string {
    return this.parts.map(({ text }) => text).join('');
  }

  get entryPoints(): Readonly<Record<string, Bindings>> {
    return this.#reflected().entryPoints;
  }

  /** Override constants: workgroup extents and reduction widths, chosen per adapter. */
  get overrides(): readonly string[] {
    return this.#reflected().overrides;
  }

  /** The fields of the uniform `shape`, in order. */
  get shapeFields(): readonly StructField[] {
    return this.#reflected().structs['Shape'] ?? [];
  }

  /** The file and line of a line of the source, counted from 1: `file:line`. */
  placeOf(line: number): string {
    let first = 1;
    for (const { file, text } of this.parts) {
      const lines = text.split('\n').length - 1;
      if (line < first + lines) return `${file}:${line - first + 1}`;
      first += lines;
    }
    return `${this.name}:${line}`;
  }

  #reflected(): Reflection {
    this.#reflection ??= reflect(this.parts.map(({ text }) => text));
    return this.#reflection;
  }
}

/** Creates a shader from files below shaders/. */
export function shaderOf(
  name: string,
  files: readonly string[],
  others: Omit<ShaderDefinition, 'name' | 'parts'> = {},
): Shader {
  return new Shader({ name, parts: files.map(part), ...others });
}

const enabled = {
  subgroups: 'enable subgroups;',
  f16: 'enable f16;',
  matrixUnits: 'enable subgroups; enable chromium_experimental_subgroup_matrix;',
} as const satisfies Record<Need, string>;

/**
 * The whole text of a shader. It is prefixed, on its first line, with the `enable` directives, the type `Stored` (four stored
 * values) and the constants; `values` has the constants of the kernel.
 */
export function sourceFor(
  { source, needs, defined, constants }: Shader,
  storage: Precision,
  values: Readonly<Record<string, number>> = {},
): string {
  const features = new Set<Need>(storage === 'f16' ? [...needs, 'f16'] : needs);
  const stored = storage === 'f16' ? 'vec4<f16>' : 'vec4<f32>';
  const chosen = constants.map((name) => [name, values[name]] as const);
  const head = [
    ...[...features].map((feature) => enabled[feature]),
    `alias Stored = ${stored};`,
    ...[...Object.entries(defined), ...chosen].map(([name, value]) => `const ${name} = ${value}u;`),
  ];
  return `${head.join(' ')} ${source}`;
}

/** The text for a device with several subgroup sizes: kernels for matrix units request the size that the units take. */
export function sourceAsking(
  shader: Shader,
  storage: Precision,
  values: Readonly<Record<string, number>> = {},
): string {
  const text = sourceFor(shader, storage, values);
  if (!shader.needs.includes('matrixUnits')) return text;
  return `enable subgroup_size_control; ${text.replaceAll('@compute', '@compute @subgroup_size(subgroupLanes)')}`;
}
