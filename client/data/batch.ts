/** Targets with this value carry no loss (padding, and text that is only context). */
export const ignoredTarget = 0xffff_ffff;

/** One batch: row-major (batch, sequence) token ids; `targets[i]` is the token after `inputs[i]`. */
export interface Batch {
  readonly inputs: Uint32Array<ArrayBuffer>;
  readonly targets: Uint32Array<ArrayBuffer>;
}

/** How many rows a batch has, and how many tokens a row. */
export interface BatchShape {
  readonly batch: number;
  readonly sequence: number;
}
