import { lstat } from 'node:fs/promises';
import { quantity } from '../terminal/table.ts';
import { terminalText } from '../terminal/terminal-text.ts';
import { loadAnyModel } from './model-folder.ts';

/** True if a model may be at the path: a folder or a file of this machine. An address of a relay is neither. */
export async function isOnDisk(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null)) !== null;
}

/** What a model's folder or file holds, as a record for programs and as lines for people. Throws the errors of `loadAnyModel`. */
export async function describeModel(path: string) {
  const { config, layout, tokenizer, metadata, name } = await loadAnyModel(path);
  const { scores = false, ...sizes } = config;
  const kind = metadata['tapestry.kind'] ?? 'unknown';
  const fact = {
    event: 'model',
    path,
    name: name ?? null,
    head: scores ? 'scores' : 'language',
    kind,
    parameters: layout.trained,
    ...sizes,
    chatTemplate: tokenizer.chatTemplate !== null,
    metadata,
  };
  const lines = [
    `${terminalText(name ?? path)}: ${scores ? 'a reward model, which scores texts' : 'a language model'}`,
    `${quantity(layout.trained)} parameters, ${config.layers} layers of ${config.dimension}, context ${config.contextLength}, vocabulary ${config.vocabularySize}`,
    ...Object.entries(metadata).map(([key, value]) => `${terminalText(key)}: ${terminalText(value)}`),
  ];
  return { fact, text: lines.join('\n') };
}
