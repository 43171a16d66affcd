import { basename, resolve } from 'node:path';
import type { ModelTokenizer } from '../../../client/data/tokenizer.ts';
import { printable, TapestryError } from '../../../client/errors.ts';
import { checkShape } from '../../../client/model/decoder.ts';
import { loadModel } from '../model/model-folder.ts';
import { presetFor, type StartModel } from './new-run.ts';

/** A base with its vocabulary, that a new run trains on. */
export interface StartBase extends StartModel {
  readonly tokenizer: ModelTokenizer;
  readonly preset: ReturnType<typeof presetFor>;
  /** SHA-256 of its values, in hex. */
  readonly hash: string;
  /** The model's name, for the cards of what comes of the run. */
  readonly name: string;
}

/**
 * Reads the base that a run trains on: one that a run made, or that `tapestry import` made. A derivative is refused, so that
 * nothing of it comes to a shared base.
 * @throws TapestryError `model.not-a-base`, `config.shape`, or as `loadModel`
 */
export async function loadStartBase(path: string): Promise<StartBase> {
  const { config, layout, parameters, tokenizer, metadata } = await loadModel(path);
  const { 'tapestry.kind': kind, 'tapestry.base': hash } = metadata;
  if (kind !== 'base' || hash === undefined)
    throw new TapestryError(
      'model.not-a-base',
      `${printable(path)} is ${kind === 'derivative' ? 'a derivative' : 'not a base'}; a run trains bases only.`,
      kind === 'derivative'
        ? 'Name the base that it was made from.'
        : 'Make a base of it first: tapestry import.',
    );
  checkShape(config);
  const { trained } = layout;
  const name = metadata['tapestry.source'] ?? basename(resolve(path));
  return { config, parameters, tokenizer, preset: presetFor(trained), hash, name };
}
