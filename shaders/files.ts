/** One of the files that a shader's text consists of. */
export interface ShaderPart {
  /** Path below shaders/. */
  readonly file: string;
  readonly text: string;
}

const texts = import.meta.glob<string>('./**/*.wgsl', { query: '?raw', import: 'default', eager: true });

/** The WGSL file with this path below shaders/. */
export function part(file: string): ShaderPart {
  const text = texts[`./${file}`];
  if (text === undefined) throw new Error(`there is no shaders/${file}`);
  return { file, text };
}
