import type { Page } from 'playwright';
import * as v from 'valibot';
import { metadataKey } from '../../../client/formats/tensors/safetensors-header.ts';

const headerSchema = v.object({ [metadataKey]: v.object({ 'tapestry.facts': v.string() }) });
const factsSchema = v.object({ unfinished: v.nullable(v.object({ steps: v.number() })) });

/** The steps of the unfinished round that this browser stores for the run, in hex; null without one. */
export async function storedSteps(page: Page, run: string): Promise<number | null> {
  const header = await page.evaluate(
    async (name) => {
      try {
        const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('tapestry');
        const file = await (await folder.getFileHandle(name)).getFile();
        const length = new DataView(await file.slice(0, 8).arrayBuffer()).getUint32(0, true);
        return await file.slice(8, 8 + length).text();
      } catch {
        return null;
      }
    },
    `snapshot-${run.slice(0, 16)}.safetensors`,
  );
  if (header === null) return null;
  const metadata = v.parse(headerSchema, JSON.parse(header))[metadataKey];
  const { unfinished } = v.parse(factsSchema, JSON.parse(metadata['tapestry.facts']));
  return unfinished?.steps ?? null;
}
