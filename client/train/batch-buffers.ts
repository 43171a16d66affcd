import { type Batch, type BatchShape, ignoredTarget, type RowWeights, rowWeights } from '../data/batch.ts';
import { TapestryError } from '../errors.ts';
import type { Allocator } from '../gpu/device.ts';
import { type BufferRange, whole } from '../gpu/program.ts';
import type { Objective } from './objective.ts';

/** Alignment of a binding's offset: 256 bytes, in words. */
const borderWords = 64;

/** One entry for each array of a part of a batch. */
type Places<Place> = Readonly<
  Record<'tokens' | 'targets' | 'weights' | 'documents' | 'order' | 'draws' | 'starts', Place>
>;

/**
 * A batch on the GPU, in one or several parts of the same shape that are computed one after the other: tokens, targets, the
 * weight of each row's loss, how far each row's document reaches before and after it in its window, and the rows sorted by
 * token, which the embedding's backward pass gathers by, and the seed of dropout. An upload allocates no GPU memory.
 */
export class BatchBuffers {
  /** The current part; see `bind`. */
  readonly bindings: Places<BufferRange>;
  readonly #queue: Allocator['device']['queue'];
  readonly #shape: BatchShape;
  readonly #vocabulary: number;
  readonly #bound: GPUBuffer;
  /** All parts, one after the other. */
  readonly #staged: GPUBuffer;
  readonly #objective: Objective | undefined;
  /** What the objective's kernels read: of the current part, and of all parts. */
  readonly #objectiveBound: GPUBuffer;
  readonly #objectiveStaged: GPUBuffer;
  /** One part on the host: the whole, and views of its arrays. */
  readonly #words: Uint32Array<ArrayBuffer>;
  readonly #arrays: Places<Uint32Array<ArrayBuffer>>;

  constructor(
    { device }: Allocator,
    shape: BatchShape,
    { vocabulary, tableRows }: { readonly vocabulary: number; readonly tableRows: number },
    { parts, objective }: { readonly parts: number; readonly objective: Objective | undefined },
  ) {
    const rows = shape.batch * shape.sequence;
    const step = Math.ceil(rows / borderWords) * borderWords;
    const size = (6 * step + borderWords + tableRows + 1) * 4;
    const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
    const bound = device.createBuffer({ label: 'batch', size, usage: STORAGE | COPY_DST });
    this.#bound = bound;
    this.#staged = device.createBuffer({
      label: 'staged batch',
      size: size * parts,
      usage: COPY_SRC | COPY_DST,
    });
    const objectiveBytes = 4 * (objective?.words(shape) ?? 1);
    this.#objective = objective;
    this.#objectiveBound = device.createBuffer({
      label: 'objective',
      size: objectiveBytes,
      usage: STORAGE | COPY_DST,
    });
    this.#objectiveStaged = device.createBuffer({
      label: 'staged objective',
      size: objectiveBytes * parts,
      usage: COPY_SRC | COPY_DST,
    });
    const place = <Place>(at: (first: number, words: number) => Place): Places<Place> => ({
      tokens: at(0, rows),
      targets: at(step, rows),
      weights: at(2 * step, rows),
      documents: at(3 * step, 2 * rows),
      order: at(5 * step, rows),
      draws: at(6 * step, 1),
      starts: at(6 * step + borderWords, tableRows + 1),
    });
    this.bindings = place((first, words) => ({ buffer: bound, offset: first * 4, size: words * 4 }));
    this.#queue = device.queue;
    this.#shape = shape;
    this.#vocabulary = vocabulary;
    const words = new Uint32Array(size / 4);
    this.#words = words;
    this.#arrays = place((first, length) => words.subarray(first, first + length));
  }

  /** What the objective's kernels read of the current part. */
  get objectiveValues(): BufferRange {
    return whole(this.#objectiveBound);
  }

  /**
   * Queues the upload of a batch with `parts` times the rows of the shape, and the seed of each part's dropout, 0 for none;
   * returns the weights of its rows.
   * Throws TapestryError `batch.shape`, `batch.token`, `batch.weight`, `batch.documents` or
   * `batch.objective`.
   */
  upload(batch: Batch, parts: number, seedOf: (part: number) => number = () => 0): RowWeights {
    this.#check(batch, parts);
    const { inputs, targets, documents } = batch;
    this.#uploadObjective(batch, parts);
    const own = rowWeights(batch);
    const arrays = this.#arrays;
    const rows = arrays.tokens.length;
    const weights = new Float32Array(arrays.weights.buffer, arrays.weights.byteOffset, rows);
    for (let part = 0; part < parts; part++) {
      const [from, to] = [part * rows, (part + 1) * rows];
      const tokens = inputs.subarray(from, to);
      arrays.tokens.set(tokens);
      arrays.draws[0] = seedOf(part);
      arrays.targets.set(targets.subarray(from, to));
      for (let row = 0; row < rows; row++) weights[row] = (own.weights[from + row] ?? 0) / own.divisor;
      this.#placeDocuments(documents?.subarray(from, to));
      this.#sort(tokens);
      this.#queue.writeBuffer(this.#staged, part * this.#bound.size, this.#words);
    }
    return own;
  }

  #uploadObjective({ objective }: Batch, parts: number): void {
    const kernels = this.#objective;
    if (objective !== undefined && objective.kernels !== kernels?.name)
      throw new TapestryError(
        'batch.objective',
        `The batch is for the objective ${objective.kernels}; the trainer has ${kernels?.name ?? 'none'}.`,
        'Create the trainer with the objective of its batches.',
      );
    if (kernels === undefined) return;
    const size = this.#objectiveBound.size;
    const values = objective?.values(parts);
    for (let part = 0; part < parts; part++) {
      const words = new Uint32Array(size / 4);
      words.set(values?.[part] ?? []);
      this.#queue.writeBuffer(this.#objectiveStaged, part * size, words);
    }
  }

  #check({ inputs, targets, weights, documents }: Batch, parts: number): void {
    const { batch, sequence } = this.#shape;
    const lengths = [inputs, targets, weights ?? targets, documents ?? targets].map(({ length }) => length);
    if (lengths.some((length) => length !== batch * sequence * parts))
      throw new TapestryError(
        'batch.shape',
        `A batch has ${lengths.join(', ')} inputs, targets, weights and documents; the trainer takes ${batch * parts} x ${sequence} of each.`,
        'Sample batches of the shape that the trainer was created with.',
      );
    const vocabulary = this.#vocabulary;
    for (const token of inputs) if (token >= vocabulary) throw unknownToken(token, vocabulary);
    for (const target of targets)
      if (target !== ignoredTarget && target >= vocabulary) throw unknownToken(target, vocabulary);
    const wrong = weights?.findIndex((weight) => !Number.isFinite(weight)) ?? -1;
    if (wrong >= 0)
      throw new TapestryError(
        'batch.weight',
        `The weight of row ${wrong} is ${weights?.[wrong]}.`,
        'Give every row a finite weight; 0 ignores a row.',
      );
    documents?.forEach((start, row) => {
      const position = row % sequence;
      if (start !== position && (position === 0 || start !== documents[row - 1]))
        throw new TapestryError(
          'batch.documents',
          `The document of row ${row}, position ${position} of its sequence, begins at ${start}.`,
          'Give each row the position at which its document begins: its own, or that of the row before it.',
        );
    });
  }

  /** Encodes the copy that makes `part` the current part of the batch. */
  bind(encoder: GPUCommandEncoder, part: number): void {
    const { size } = this.#bound;
    encoder.copyBufferToBuffer(this.#staged, part * size, this.#bound, 0, size);
    if (this.#objective === undefined) return;
    const bytes = this.#objectiveBound.size;
    encoder.copyBufferToBuffer(this.#objectiveStaged, part * bytes, this.#objectiveBound, 0, bytes);
  }

  /** Counts, from the start of each row's document, the positions of its window before and after its document. */
  #placeDocuments(starts: Uint32Array | undefined): void {
    const { documents } = this.#arrays;
    documents.fill(0);
    if (starts === undefined) return;
    const { sequence } = this.#shape;
    let after = 0;
    for (let row = starts.length - 1; row >= 0; row--) {
      const position = row % sequence;
      const start = starts[row] ?? 0;
      if (position === sequence - 1) after = 0;
      else if (starts[row + 1] !== start) after = sequence - 1 - position;
      documents[2 * row] = start;
      documents[2 * row + 1] = after;
    }
  }

  /** Sorts rows by token; the counting sort is stable, so that each token's rows are summed from first to last. */
  #sort(tokens: Uint32Array): void {
    const { order } = this.#arrays;
    const starts = this.#arrays.starts.fill(0);
    const tableRows = starts.length - 1;
    for (const token of tokens) starts[token + 1] = (starts[token + 1] ?? 0) + 1;
    for (let token = 0; token < tableRows; token++)
      starts[token + 1] = (starts[token + 1] ?? 0) + (starts[token] ?? 0);
    // Placing rows advances each token's start to its end, which is the start of the next token.
    tokens.forEach((token, row) => {
      const at = starts[token] ?? 0;
      order[at] = row;
      starts[token] = at + 1;
    });
    starts.copyWithin(1, 0, tableRows);
    starts[0] = 0;
  }
}

function unknownToken(token: number, vocabulary: number): TapestryError {
  return new TapestryError(
    'batch.token',
    `Token ${token} is outside a vocabulary of ${vocabulary}.`,
    'Use the tokenizer that the model was trained with.',
  );
}
