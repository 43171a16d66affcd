import { requireExport } from '../../../client/data/cards/touched.ts';
import { TapestryError } from '../../../client/errors.ts';
import { encodeGgufModel } from '../../../client/formats/gguf/model.ts';
import type { OriginFolder } from '../../../client/host/browser/origin-folder.ts';
import type { ExportedFile } from '../../ui/files/saving.ts';
import type { Library } from './library/add-files.ts';
import type { ExportFormat } from './worker-api.ts';

/**
 * The files of a model: its folder as it is stored, one GGUF file in f16, or its last adapter as PEFT. `acknowledged` lets a
 * model out that is built on revoked data.
 * @throws TapestryError `studio.no-model`, `studio.no-adapter`, `gguf.unsupported`, and the errors of `requireExport`
 */
export async function exportModel(
  { models, cards }: Pick<Library, 'models' | 'cards'>,
  name: string,
  format: ExportFormat,
  acknowledged: boolean,
): Promise<ExportedFile[]> {
  requireExport(await models.lineage(name), await cards.entries(), acknowledged);
  const folder = models.folder(name);
  if (format === 'folder') return filesOf(folder, '');
  if (format === 'peft') {
    const last = (await folder.folders()).filter((each) => each.startsWith('adapter-')).at(-1);
    if (last !== undefined) return filesOf(folder.folder(last), '');
    throw new TapestryError(
      'studio.no-adapter',
      `${name} was built with full weights and has no adapter.`,
      'Export the whole model, or build with an adapter.',
    );
  }
  const { config, layout, parameters, tokenizer, metadata } = await models.load(name);
  const parts = encodeGgufModel(config, layout, parameters, tokenizer, { name, type: 'F16', metadata });
  return [{ name: `${name}.gguf`, blob: new Blob([...parts]) }];
}

/** All files of a folder and of those in it. */
async function filesOf(folder: OriginFolder, prefix: string): Promise<ExportedFile[]> {
  const found: ExportedFile[] = [];
  for (const { name } of await folder.list()) {
    const file = name.startsWith('studio-') ? null : await folder.open(name);
    if (file !== null) found.push({ name: prefix + name, blob: file });
  }
  for (const inner of await folder.folders())
    found.push(...(await filesOf(folder.folder(inner), `${prefix}${inner}/`)));
  return found;
}
