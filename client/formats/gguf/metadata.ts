import { TapestryError } from '../../errors.ts';
import { bad, type GgufValue } from './file.ts';

/** Checked reading of a GGUF file's key-value pairs. Each getter throws `gguf.bad-file` for a value of another type. */
export class Metadata {
  readonly #pairs: ReadonlyMap<string, GgufValue>;

  constructor(pairs: ReadonlyMap<string, GgufValue>) {
    this.#pairs = pairs;
  }

  has(key: string): boolean {
    return this.#pairs.has(key);
  }

  number(key: string, otherwise?: number): number {
    const value = this.#pairs.get(key) ?? otherwise;
    if (typeof value === 'bigint' && value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw this.#wrong(key, 'number');
  }

  /** A token's id; null if it is absent, which is written as -1 or 4294967295. */
  token(key: string): number | null {
    if (!this.has(key)) return null;
    const id = this.number(key);
    return id === -1 || id === 0xffff_ffff ? null : id;
  }

  text(key: string, otherwise?: string): string {
    const value = this.#pairs.get(key) ?? otherwise;
    if (typeof value === 'string') return value;
    throw this.#wrong(key, 'text');
  }

  flag(key: string, otherwise: boolean): boolean {
    const value = this.#pairs.get(key) ?? otherwise;
    if (typeof value === 'boolean') return value;
    throw this.#wrong(key, 'flag');
  }

  /** The texts whose keys begin with `prefix`. */
  textsOf(prefix: string): Record<string, string> {
    const keys = [...this.#pairs.keys()].filter((key) => key.startsWith(prefix));
    return Object.fromEntries(keys.map((key) => [key, this.text(key)]));
  }

  texts(key: string): readonly string[] {
    const value = this.#pairs.get(key);
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
    throw this.#wrong(key, 'list of texts');
  }

  numbers(key: string): readonly number[] {
    const value = this.#pairs.get(key);
    if (Array.isArray(value) && value.every((item) => typeof item === 'number')) return value;
    throw this.#wrong(key, 'list of numbers');
  }

  #wrong(key: string, type: string): TapestryError {
    return bad(this.has(key) ? `${key} is no ${type}` : `${key} is missing`);
  }
}

export function unsupported(why: string): TapestryError {
  return new TapestryError(
    'gguf.unsupported',
    `The model of the GGUF file cannot be used: ${why}.`,
    'Use a model of the architecture llama, such as SmolLM2 or Llama 3.',
  );
}
