import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright';
import { describe, expect, test } from 'vitest';
import { launchBrowser } from '../../../bench/browser.ts';
import { inaccessible, overflowOf } from '../../support/pages/accessible.ts';
import { scriptedStatus } from '../../support/pages/scenarios.ts';
import { scriptedEvents } from '../../support/pages/scripted-events.ts';
import { scriptedPages } from '../../support/pages/scripted-pages.ts';
import { scriptedWorker } from '../../support/pages/scripted-relay.ts';
import { coloursOf, openWatched } from '../../support/pages/watched-page.ts';

const { open } = scriptedPages();
const now = Date.now();

/** Controls without a name for assistive technology, and images without alternative text. */
const nameless = async (page: Page) => {
  const snapshot = await page.locator('body').ariaSnapshot();
  return snapshot
    .split('\n')
    .filter((line) =>
      /^\s*- (button|link|textbox|combobox|slider|radio|img|progressbar|heading)\s*:?$/.test(line),
    );
};

/** Text with less contrast than WCAG's level AA requires: 4.5, or 3 for large text. */
const faint = (page: Page) =>
  page.evaluate(() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    if (canvas === null) throw new Error('no canvas');
    const rgba = (colour: string) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const luminance = (colour: number[]) => {
      const [r = 0, g = 0, b = 0] = colour.map((part) => {
        const value = part / 255;
        return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element: Element): number[] => {
      const own = rgba(getComputedStyle(element).backgroundColor);
      if ((own[3] ?? 0) > 250 || element.parentElement === null) return own;
      return behind(element.parentElement);
    };
    const found: string[] = [];
    for (const element of document.querySelectorAll('main *, header *')) {
      const says = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim());
      if (!says || element.closest(':disabled, [data-leaving=true], .visually-hidden') !== null) continue;
      const style = getComputedStyle(element);
      const size = Number.parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      const [a, b] = [luminance(rgba(style.color).slice(0, 3)), luminance(behind(element).slice(0, 3))];
      const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (contrast < (large ? 3 : 4.5)) found.push(`${element.textContent}: ${contrast.toFixed(2)}`);
    }
    return found;
  });

describe('every page', () => {
  const worker = scriptedWorker(scriptedEvents(2));
  const empty = scriptedStatus({ rounds: 20, done: 0, nodes: 0, now });
  const complete = scriptedStatus({ rounds: 20, done: 20, nodes: 0, now });
  const full = scriptedStatus({ rounds: 40, done: 13, nodes: 40, corpusCount: 8, now });
  test.each([
    ['/dashboard', 'empty', { status: empty }],
    ['/dashboard', 'running', {}],
    ['/dashboard', 'full', { status: full }],
    ['/dashboard', 'complete', { status: complete }],
    ['/', 'ready', { worker, status: empty }],
    ['/', 'without a GPU', {}],
  ] as const)(
    '%s, %s: fits a phone, names its controls, has contrast and keeps the content security policy',
    async (path, _, options) => {
      const { page, problems } = await open(path, options);
      await page.getByText('Live', { exact: true }).waitFor();
      await page.waitForFunction(() => !document.body.textContent?.includes('Looking for your GPU'));
      expect(await overflowOf(page)).toBe(0);
      expect(await nameless(page)).toEqual([]);
      expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1);
      expect(await page.getByRole('main').count()).toBe(1);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        expect(await faint(page)).toEqual([]);
      }
      expect(problems).toEqual([]);
    },
  );
});

describe('contribute', () => {
  test('works with the keyboard alone and keeps the focus', async () => {
    const { page, problems } = await open('/', { worker: scriptedWorker(scriptedEvents(2)) });
    await page.getByRole('button', { name: 'Start' }).waitFor();
    const focused = () => page.evaluate(() => document.activeElement?.textContent);
    for (let presses = 0; presses < 20 && (await focused()) !== 'Start'; presses++)
      await page.keyboard.press('Tab');
    expect(await focused()).toBe('Start');
    await page.keyboard.press('Enter');
    await page.getByText('Round 3 of 20, step 23 of 50').waitFor();
    expect(await focused()).toBe('Pause');
    await page.keyboard.press('Enter');
    await page.getByRole('status').filter({ hasText: 'Paused' }).waitFor();
    expect(await focused()).toBe('Resume');
    await page.keyboard.press('Enter');
    await page.getByRole('status').filter({ hasText: 'Training' }).waitFor();
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Finish');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowLeft');
    expect(await page.getByRole('slider', { name: 'Power' }).inputValue()).toBe('90');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('status').filter({ hasText: 'Finished. Thank you.' }).waitFor();
    expect(await page.getByRole('button', { name: 'Start again' }).isEnabled()).toBe(true);
    expect(await overflowOf(page)).toBe(0);
    expect(problems).toEqual([]);
  });

  test('shows the bytes sent by type of message, and that no text was sent', async () => {
    const { page } = await open('/', { worker: scriptedWorker(scriptedEvents(2)) });
    await page.getByRole('button', { name: 'Start' }).click();
    await page.getByText('Round 3 of 20').waitFor();
    // A row ends with the button that opens the messages.
    const rows = await page.locator('.sent tbody :is(th, td):not(:has(button))').allTextContents();
    expect(rows.map((row) => row.replaceAll('\u00a0', ' ')).join('; ')).toBe(
      'Join: your key and its signature; 182 bytes; Offer: hash, counts and losses of a delta; 424 bytes; ' +
        'Chunk: the delta, encoded; 1.06 MB; Heartbeat: “I am here”, steps, loss; 858 bytes; Leave: goodbye; 0 bytes',
    );
    const received = await page.locator('.sent tfoot tr').nth(1).textContent();
    expect(received?.replaceAll('\u00a0', ' ')).toBe(
      'Received by this node (bases, deltas and messages)4.23 MB',
    );
    await page.getByText('Your text was not sent, and cannot be.').waitFor();
  });

  test('reads the join token from the fragment and removes it from the address', async () => {
    const needsToken = scriptedWorker([]).replace('tokenNeeded: false', 'tokenNeeded: true');
    const { page } = await open('/#token=a%2Bb', { worker: needsToken });
    expect(await page.getByLabel('Join token').inputValue()).toBe('a+b');
    expect(page.url()).not.toContain('token');
  });

  test('shows a failure with its code and the next action', async () => {
    const failed = {
      event: 'failed',
      code: 'relay.bad-token',
      message: 'The token is wrong.',
      next: 'Ask for it.',
      evidence: [],
    };
    const { page } = await open('/', { worker: scriptedWorker([failed]) });
    await page.getByRole('button', { name: 'Start' }).click();
    const alert = page.getByRole('alert');
    await alert.waitFor();
    expect(await alert.textContent()).toBe('The token is wrong. relay.bad-tokenWhat to do: Ask for it.');
  });

  describe('a relay that signed two histories', () => {
    const proof = {
      kind: 'proof',
      name: 'fork-abababababababab.json',
      bytes: [...Buffer.from('{"proof": "é"}')],
    };
    const others = ['checkpoint', 'receipts'].map((kind) => ({
      kind,
      name: `${kind}-ab.txt`,
      bytes: [1, 2, 250],
    }));
    const failed = (evidence: readonly object[]) => ({
      event: 'failed',
      code: 'relay.journal-forked',
      message: `The relay signed two different journals of this run: its checkpoints of 7 and 9 entries, ${'ab'.repeat(32)} and ${'cd'.repeat(32)}, contradict each other.`,
      next: 'Stop contributing and tell the other members.',
      evidence,
    });

    test('is told with what to do, and the proof can be saved with the keyboard alone', async () => {
      const worker = scriptedWorker([...scriptedEvents(1), failed([proof])]);
      const { page, problems } = await open('/', { worker });
      await page.getByRole('button', { name: 'Start' }).click();
      await page.getByRole('alert').filter({ hasText: 'signed two different histories' }).waitFor();
      expect(await page.getByRole('listitem').filter({ hasText: 'Download the proof' }).count()).toBe(1);
      await page.getByText(`tapestry verify ${proof.name}`).waitFor();
      const link = page.getByRole('link', { name: 'Download the proof' });
      const focused = () => link.evaluate((element) => element === document.activeElement);
      await page.locator('body').press('Home');
      for (let presses = 0; presses < 30 && !(await focused()); presses++) await page.keyboard.press('Tab');
      expect(await focused()).toBe(true);
      const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
      expect(download.suggestedFilename()).toBe(proof.name);
      expect([...(await readFile(await download.path()))]).toEqual(proof.bytes);
      await page.getByText('What contradicts what').click();
      await page.getByText('relay.journal-forked').waitFor();
      expect(await nameless(page)).toEqual([]);
      for (const width of [320, 1280]) {
        await page.setViewportSize({ width, height: 900 });
        expect(await overflowOf(page)).toBe(0);
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          expect(await faint(page)).toEqual([]);
        }
      }
      expect(problems).toEqual([]);
    });

    test('offers what the relay signed before where the relay’s journal gives no proof', async () => {
      const { page } = await open('/', { worker: scriptedWorker([failed(others)]) });
      await page.getByRole('button', { name: 'Start' }).click();
      for (const name of ['Download the checkpoint', 'Download the receipts']) {
        const link = page.getByRole('link', { name });
        const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
        expect([...(await readFile(await download.path()))]).toEqual([1, 2, 250]);
      }
      expect(await page.getByText('tapestry verify fork').count()).toBe(0);
    });
  });

  test('explains the missing adapter in a browser with WebGPU', async () => {
    const { page } = await open('/');
    await page.getByRole('heading', { name: 'The browser found no GPU that it can use' }).waitFor();
    expect(await page.getByRole('button', { name: 'Start' }).count()).toBe(0);
  });

  test('explains a browser without WebGPU', async () => {
    const worker = scriptedWorker([]).replace(/gpu: \{[^}]*\}/, "gpu: { obstacle: 'no-webgpu' }");
    const { page } = await open('/', { worker });
    await page.getByRole('heading', { name: 'This browser has no WebGPU' }).waitFor();
  });

  test('explains an address that is neither https nor localhost', async () => {
    const { relay } = await open('/');
    const elsewhere = await launchBrowser('none', ['--host-resolver-rules=MAP workshop.example 127.0.0.1']);
    const { page, problems } = await openWatched(elsewhere);
    await page.goto(relay.url.replace('localhost', 'workshop.example'));
    await page.getByRole('heading', { name: 'WebGPU needs a secure address' }).waitFor();
    expect(problems).toEqual([]);
    await elsewhere.close();
  });
});

describe('languages and forced colours', () => {
  test('the switch changes the words and the direction, a training goes on, and a reload keeps the choice', async () => {
    const worker = scriptedWorker(scriptedEvents(2));
    const { page, problems, relay } = await open('/', { worker, width: 390 });
    // An element on its way in is faint for a moment, which axe would report.
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.getByRole('button', { name: 'Start' }).click();
    await page.getByText('Round 3 of 20, step 23 of 50').waitFor();
    const root = page.locator('html');
    for (const [label, tag, direction, progress] of [
      ['Language', 'de', 'ltr', 'Runde 3 von 20, Schritt 23 von 50'],
      ['Sprache', 'ar', 'rtl', 'الجولة 3 من 20، الخطوة 23 من 50'],
    ] as const) {
      await page.getByLabel(label, { exact: true }).selectOption(tag);
      await page.getByText(progress).waitFor();
      expect([await root.getAttribute('lang'), await root.getAttribute('dir')]).toEqual([tag, direction]);
      expect(await overflowOf(page), tag).toBe(0);
      expect(await inaccessible(page), tag).toEqual([]);
    }
    await expect
      .poll(() => page.title())
      .toBe('46% · الجولة 3 من 20 – Tapestry'.replace('%', '\u200e%\u200e'));
    await page.getByRole('button', { name: 'اختم' }).click();
    await page.getByRole('status').filter({ hasText: 'انتهى. شكرًا لك.' }).waitFor();
    for (const [code, texts] of [
      ['relay.bad-token', ['كلمة الانضمام غير صحيحة.', 'The token is wrong.', 'relay.bad-token']],
      ['relay.new-kind', ['The token is wrong.', 'relay.new-kind', 'Ask for it.']],
    ] as const) {
      const failed = {
        event: 'failed',
        code,
        message: 'The token is wrong.',
        next: 'Ask for it.',
        evidence: [],
      };
      await page.workers()[0]?.evaluate(`self.emit(${JSON.stringify(failed)})`);
      for (const text of texts) await page.getByRole('alert').filter({ hasText: text }).waitFor();
    }
    for (const width of [390, 1366]) {
      await page.setViewportSize({ width, height: 780 });
      await page.goto(`${relay.url}/dashboard`);
      await page.getByText('مباشر', { exact: true }).waitFor();
      expect(await root.getAttribute('dir')).toBe('rtl');
      expect(await overflowOf(page), String(width)).toBe(0);
      expect(await inaccessible(page), String(width)).toEqual([]);
    }
    expect(problems).toEqual([]);
  });

  test('in forced colours the cloth, the chart, the bars and the dots can be told from what is behind them', async () => {
    const worker = scriptedWorker(scriptedEvents(2));
    const { page } = await open('/', { worker, width: 1280 });
    await page.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' });
    await page.getByRole('button', { name: 'Start' }).click();
    await page.getByText('Round 3 of 20, step 23 of 50').waitFor();
    // The page and at least so many colours on it: three dyes and the weft; two lines; done, not done and the edge.
    expect(await coloursOf(page, '.cloth')).toBeGreaterThanOrEqual(5);
    expect(await coloursOf(page, '.state progress')).toBeGreaterThanOrEqual(3);
    const background = (selector: string, pseudo: string) =>
      page
        .locator(selector)
        .evaluate((element, part) => getComputedStyle(element, part).backgroundColor, pseudo);
    expect(await background('#state', '::before')).not.toBe(await background('body', ''));
    const stroke = await page
      .locator('.legend line')
      .evaluateAll((all) => all.map((line) => getComputedStyle(line).stroke));
    expect(new Set(stroke).size).toBe(2);
  });
});
