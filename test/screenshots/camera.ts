import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright';

/** A picture that was taken: its file is `<name>-<light or dark>-<wide, hall or narrow>.webp`. */
export interface Picture {
  readonly file: string;
  readonly name: string;
  readonly bytes: number;
}

/** Sizes in CSS pixels. A laptop's screen, a projector's, and a phone's. */
const screens = {
  wide: { width: 1366, height: 768 },
  hall: { width: 1920, height: 1080 },
  narrow: { width: 390, height: 844 },
} as const;
export type Screen = keyof typeof screens;

/** What a picture shows: the first viewport, or the whole page as far as `tallest`. */
export type Extent = 'viewport' | 'page';

const tallest = 3000;

/** Of WebP, from 0 to 100: text stays sharp, and a picture of a page has about 60 kB. */
const quality = 50;

/** Takes pictures of pages into a folder, each in light and dark colours. */
export class Camera {
  readonly #folder: string;
  readonly pictures: Picture[] = [];

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Removes the pictures that lie in the folder. */
  static async into(folder: string): Promise<Camera> {
    await mkdir(folder, { recursive: true });
    for (const file of await readdir(folder)) if (file.endsWith('.webp')) await rm(join(folder, file));
    return new Camera(folder);
  }

  async take(page: Page, name: string, on: readonly Screen[], extent: Extent = 'page'): Promise<void> {
    for (const screen of on) {
      await page.setViewportSize(screens[screen]);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        const file = `${name}-${colorScheme}-${screen}.webp`;
        await writeFile(join(this.#folder, file), await photograph(page, screen, extent));
        const { size } = await stat(join(this.#folder, file));
        this.pictures.push({ file, name, bytes: size });
        process.stderr.write(`${file}: ${Math.ceil(size / 1000)} kB\n`);
      }
    }
    await page.emulateMedia({ colorScheme: 'light' });
  }
}

/** Playwright has no WebP, which takes a third of a PNG's bytes; Chromium's own protocol has. */
async function photograph(page: Page, screen: Screen, extent: Extent): Promise<Buffer> {
  const { width, height } = screens[screen];
  // Two frames: styles and canvases of the new size and colours are drawn.
  await page.evaluate(
    () => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => drawn(null)))),
  );
  const whole = await page.evaluate(() => document.documentElement.scrollHeight);
  const shown = extent === 'page' ? Math.min(Math.max(height, whole), tallest) : height;
  // A taller viewport, so that what sticks to its lower edge is below the page and not in its middle.
  await page.setViewportSize({ width, height: shown });
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality });
  await session.detach();
  await page.setViewportSize({ width, height });
  return Buffer.from(data, 'base64');
}
