import { expect, test } from 'vitest';
import type { StatusRound } from '../../../relay/wire/status.ts';
import { inaccessibleInBothColours, overflowOf } from '../../support/pages/accessible.ts';
import { scriptedStatus } from '../../support/pages/scenarios.ts';
import { screens } from '../../support/pages/screens.ts';
import { scriptedPages } from '../../support/pages/scripted-pages.ts';
import { leastTextSize, textSizes } from '../../support/pages/text-sizes.ts';

const pages = scriptedPages();
const now = Date.now();
const scored = (evaluators: number, nodes = 3) =>
  scriptedStatus({ rounds: 20, done: 7, nodes, evaluators, now });

test('the dashboard shows who evaluates, who is here, how many scores came and how long others are waited for', async () => {
  const status = scored(3);
  const { page, relay } = await pages.open('/dashboard', { status });
  const panel = page.getByRole('region', { name: 'Evaluators' }).first();
  await panel.getByText('Round 8: 1 of 3 sent scores').waitFor();
  await panel.getByText(/^0:\d\d left at most$/).waitFor();
  const rows = await panel.getByRole('listitem').allTextContents();
  const names = status.run.evaluators?.ids.map((id) => id.slice(0, 6)) ?? [];
  expect(rows).toEqual([`${names[0]}Scored`, `${names[1]}Here`, `${names[2]}Silent`]);
  await panel.getByText('With scores of 2 of them the median decides').waitFor();
  // The round takes no more contributions: it has no time left for training.
  const progress = page.locator('.round-facts');
  await progress.getByText('Round 8: 1 of 3 sent scores').waitFor();
  expect(await progress.getByText('Time left').count()).toBe(0);

  const { evaluation } = status;
  if (evaluation === undefined) throw new Error('nothing is scored');
  relay.show({ ...status, evaluation: { ...evaluation, scores: 3, deadlineAt: null } });
  await panel.getByText('Round 8: 3 of 3 sent scores').waitFor();
  await progress.getByText('Time left').waitFor();
  expect(await panel.getByRole('timer').count()).toBe(0);
  relay.show(scriptedStatus({ rounds: 20, done: 7, nodes: 3, now }));
  await panel.waitFor({ state: 'detached' });
});

test('a round shows what each contribution scored, how it counts and why, and who scored', async () => {
  const status = scored(3);
  const { page, problems } = await pages.open('/dashboard#round=3', { status });
  const dialog = page.getByRole('dialog');
  const rows = dialog.locator('tbody tr');
  await expect.poll(() => rows.count()).toBe(3);
  const texts = await rows.allTextContents();
  expect(texts[0]).toMatch(/\(at 40%: it changes the base less than so many steps should\).*\+0\.0123$/);
  expect(texts[1]).toMatch(
    /\(not counted: the base is better on the run’s test text without it\).*-0\.00456$/,
  );
  expect(texts[2]).toMatch(/\(left out\).*–$/);
  const by = status.run.evaluators?.ids.slice(0, 2).map((id) => id.slice(0, 6)) ?? [];
  await dialog.getByText(by.join(', '), { exact: true }).waitFor();
  await dialog.getByText('in nats per token').waitFor();
  expect(problems).toEqual([]);
});

test('a round shows whom the limit for one node cut, and to how much, and who trained the upper layers', async () => {
  const status = scriptedStatus({ rounds: 20, done: 7, nodes: 3, now });
  const run = { ...status.run, upper: { layers: 1, of: 6 } };
  const nodes = status.nodes.map((node, i) => (i === 0 ? { ...node, part: 'upper' as const } : node));
  const { page, problems } = await pages.open('/dashboard', { status: { ...status, run, nodes } });
  const cards = page.locator('.node-list .node');
  await cards.first().getByText('trains the upper layers').waitFor();
  expect(await cards.filter({ hasText: 'trains the upper layers' }).count()).toBe(1);
  await page.getByText('Slow devices may train the upper layers alone (1 of 6)').waitFor();
  await page.route('**/api/rounds/3', async (route) => {
    const answer: StatusRound = await (await route.fetch()).json();
    const contributions = answer.contributions.map((given, i) => {
      if (i === 1) return { ...given, counted: given.tokens / 2, reason: 'capped' };
      return i === 0 ? { ...given, part: 'upper' } : given;
    });
    await route.fulfill({ json: { ...answer, contributions } });
  });
  await page.evaluate(() => {
    location.hash = 'round=3';
  });
  const rows = page.getByRole('dialog').locator('tbody tr');
  await rows.filter({ hasText: '(at 50%: the run limits the weight of one node)' }).waitFor();
  expect(await rows.filter({ hasText: 'the run limits' }).count()).toBe(1);
  expect((await rows.allTextContents()).map((text) => text.includes('(upper layers)'))).toEqual([
    ...[true, false, false],
  ]);
  expect(problems).toEqual([]);
});

test.each([3, 64])(
  '%i evaluators fit every screen, in both colours, and axe finds nothing',
  async (count) => {
    const { page, problems, relay } = await pages.open('/dashboard', { status: scored(count, 12) });
    await page.emulateMedia({ reducedMotion: 'reduce' });
    for (const path of ['/dashboard', '/dashboard#round=3']) {
      for (const [width, height] of screens) {
        await page.setViewportSize({ width, height });
        await page.goto('about:blank');
        await page.goto(relay.url + path);
        await page.getByText('Live', { exact: true }).waitFor();
        if (path.includes('#')) await page.getByRole('dialog').locator('tbody tr').first().waitFor();
        expect(await overflowOf(page), `${path} at ${width} px`).toBe(0);
        expect((await textSizes(page)).filter(({ size }) => size < leastTextSize)).toEqual([]);
        expect(await inaccessibleInBothColours(page), `${path} at ${width} px`).toEqual([]);
      }
    }
    expect(problems).toEqual([]);
  },
);

test('a list of evaluators that is longer than its place scrolls by keys', async () => {
  const { page } = await pages.open('/dashboard', { status: scored(64), width: 1366, height: 768 });
  const list = page.locator('.evaluator-list');
  await list.waitFor();
  const isFocused = () => list.evaluate((element) => element === document.activeElement);
  for (let presses = 0; presses < 40 && !(await isFocused()); presses++) await page.keyboard.press('Tab');
  expect(await isFocused()).toBe(true);
  await page.keyboard.press('End');
  await expect.poll(() => list.evaluate((element) => element.scrollTop)).toBeGreaterThan(0);
  // Three of them need no scrolling, and Tab makes no stop there.
  const few = await pages.open('/dashboard', { status: scored(3), width: 1366, height: 768 });
  await few.page.locator('.evaluator-list').waitFor();
  expect(await few.page.locator('.evaluator-list[tabindex]').count()).toBe(0);
});

test('a run with evaluators stays on one screen of a projector', async () => {
  for (const [width, height] of [
    [1280, 800],
    [1920, 1080],
  ] as const) {
    const { page } = await pages.open('/dashboard', { width, height, status: scored(3) });
    await page.getByText('Live', { exact: true }).waitFor();
    const sides = await page.evaluate(() => [document.documentElement.scrollHeight, innerHeight]);
    expect(sides[0]).toBe(sides[1]);
  }
});
