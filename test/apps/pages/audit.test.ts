import { readFileSync, writeFileSync } from 'node:fs';
import { create } from '@bufbuild/protobuf';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../../../bench/browser.ts';
import type { Relay } from '../../../relay/server/server.ts';
import { folderSource } from '../../../relay/verify/folder-source.ts';
import { relaySource } from '../../../relay/verify/http-source.ts';
import { keptIn } from '../../../relay/verify/kept.ts';
import { readReport } from '../../../relay/verify/report/signed-report.ts';
import { blobPlace } from '../../../relay/verify/source.ts';
import { receiptLines, receiptsIn } from '../../../relay/wire/evidence/receipt.ts';
import { MembersSchema } from '../../../relay/wire/tapestry_pb.js';
import { button, expectAccessible, press } from '../../support/pages/studio-page.ts';
import { openWatched } from '../../support/pages/watched-page.ts';
import { finishRun } from '../../support/relay/finished-run.ts';
import { plantedChanges } from '../../support/relay/planted/planted-changes.ts';
import {
  copyOf,
  type KeptFile,
  plantedRounds,
  writePlantedRun,
} from '../../support/relay/planted/planted-run.ts';
import { servedSource } from '../../support/relay/planted/planted-sources.ts';
import { smallRun } from '../../support/relay/small-run.ts';
import { journal, start } from '../../support/relay/stage.ts';
import { reportOf, rewrite } from '../../support/relay/written-run.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { type Built, built } from '../../system/built.ts';

const rounds = 20;
let build: Built;
let browser: Browser;

beforeAll(async () => {
  build = await built();
  browser = await launchBrowser('none');
});

afterAll(() => browser.close());

/** The hash of a payload in the journal, its entry's number and node. */
async function contributionAt(relay: Relay, index: number) {
  const entries = await journal(relay);
  const found = entries.flatMap(({ kind, body }, at) =>
    kind === 'contribution-accepted' && 'payload' in body && 'key' in body && 'round' in body
      ? [
          {
            sequence: at + 1,
            payload: String(body.payload),
            key: String(body.key),
            round: Number(body.round),
          },
        ]
      : [],
  )[index];
  if (found === undefined) throw new Error('no such contribution');
  return found;
}

test('derives a run of 20 rounds again, and finds what is changed at the places that the verifier names', async () => {
  const folder = temporaryFolder();
  const relay = await start({ folder, pages: build.pages, create: smallRun({ rounds }) });
  await finishRun(relay, rounds);
  const { page, problems, close } = await openWatched(browser, { viewport: { width: 1440, height: 900 } });
  const answer = await page.goto(new URL('audit', relay.url).href);
  // The page itself connects to nothing; its worker reads the run.
  const policy = answer?.headers()['content-security-policy'] ?? '';
  expect(policy).toContain("default-src 'none'; script-src 'self'");
  expect(policy).toContain("connect-src 'none'");

  await press(page, 'Start the audit');
  await page.getByRole('heading', { name: 'Intact: nothing was changed' }).waitFor();
  const intact = await reportOf(relaySource(relay.url));
  expect(intact.problems).toEqual([]);
  await page.getByText(`20 bases derived again bit for bit, from 40 contributions`).waitFor();
  for (const value of [intact.run, intact.relayKey, intact.base])
    await page.locator('.verdict dd', { hasText: String(value) }).waitFor();
  expect(await page.locator('.cell[data-state="derived"]').count()).toBe(2 * rounds);
  expect(intact.base).toBe(relay.status().base.hash);

  // One cell takes the focus by Tab; the arrow keys lead to the others.
  const { key: first } = await contributionAt(relay, 0);
  await page.locator('.cell[tabindex="0"]').focus();
  for (const arrow of ['ArrowRight', 'ArrowRight', 'ArrowDown', 'ArrowUp']) await page.keyboard.press(arrow);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: `Round 3, node ${first.slice(0, 8)}` }).waitFor();
  expect(await page.locator('.chosen .chip').allTextContents()).toEqual(Array(6).fill('Holds'));
  await expectAccessible(page);

  // A bit of a payload, and a digit of the journal.
  const { payload, round, key } = await contributionAt(relay, 21);
  const file = `${folder}/${blobPlace(payload)}`;
  const bytes = readFileSync(file);
  const flipped = Buffer.from(bytes);
  flipped[100] = (flipped[100] ?? 0) ^ 1;
  writeFileSync(file, flipped);
  const told = async () =>
    (await page.locator('.problems li').allTextContents()).map((text) => text.trim()).sort();
  const audited = async () => {
    await button(page, 'Audit again').click();
    await page.getByRole('heading', { name: /problems? found/ }).waitFor();
    const report = await reportOf(relaySource(relay.url));
    expect(report.problems.length).toBeGreaterThan(0);
    expect(await told()).toEqual(report.problems.map(({ place, problem }) => `${place} ${problem}`).sort());
    return report;
  };
  const { rounds: derived } = await audited();
  expect(derived).toBe(round - 1);
  const cell = page.getByRole('button', { name: `Round ${round}, node ${key.slice(0, 8)}: changed` });
  await cell.click();
  expect(await page.locator('.chosen .chip').allTextContents()).toEqual([
    ...['Holds', 'Holds', 'Holds'],
    ...['Does not hold', 'Not reached', 'Not reached'],
  ]);
  expect(await page.locator('.cell[data-state="unreached"]').count()).toBe(2 * (rounds - derived) - 1);
  await expectAccessible(page);
  await page.getByLabel('Language', { exact: true }).selectOption('ar');
  await page.locator('html[dir=rtl]').waitFor();
  // What was found is said in the language of the page, and the verifier's own words follow.
  await page.locator('.problems li p', { hasText: 'غُيّر ملف من ملفات التدريب' }).waitFor();
  await page.locator('.problems li [lang=en]', { hasText: 'was changed' }).waitFor();
  await expectAccessible(page);
  await page.locator('.language select').selectOption('en');
  await page.locator('html[lang=en]').waitFor();
  writeFileSync(file, bytes);

  const { sequence } = await contributionAt(relay, 30);
  rewrite(
    `${folder}/journal.sqlite`,
    `update entries set body = replace(body, '"steps":4', '"steps":5') where sequence = ${sequence}`,
  );
  await audited();
  expect(await told()).toContainEqual(expect.stringContaining(`journal entry ${sequence}, hash`));
  expect(problems).toEqual([]);
  await close();
});

test('asks for the token where only members may read, finds a flipped bit, and looks receipts up', async () => {
  const token = 'warp and weft';
  const { manifest, initialBase } = smallRun({ rounds: 1 });
  const readers = { case: 'members', value: create(MembersSchema) } as const;
  const closed = { manifest: { ...manifest, contributionReaders: readers }, initialBase };
  const relay = await start({ pages: build.pages, create: closed, token });
  const receipts = receiptLines(await finishRun(relay, 1, token));
  const { page, close } = await openWatched(browser);
  await page.goto(new URL('audit', relay.url).href);
  await button(page, 'Start the audit').click();
  await page.getByRole('alert').filter({ hasText: 'relay.closed-to-readers' }).waitFor();
  expect(await page.locator('.verdict').count()).toBe(0);
  await page.getByLabel('Only where the run shows').fill(token);
  await page.keyboard.press('Enter');
  const intact = page.getByRole('heading', { name: 'Intact: nothing was changed' });
  await intact.waitFor();

  // One bit of a delta is found, and the run itself is as it was.
  await page.locator('.cell').first().click();
  await button(page, 'Flip one bit of this delta, and audit again').click();
  await page.getByRole('heading', { name: '1 problem found' }).waitFor();
  const { payload } = await contributionAt(relay, 0);
  expect(await page.locator('.problems li').textContent()).toContain(`${blobPlace(payload)} was changed`);
  await page.getByText('This browser flipped one bit of the delta of round 1').waitFor();

  // A receipt says whether its contribution was merged; that of another run does not count.
  const choose = async (bytes: Uint8Array) => {
    const file = { name: 'receipts-1.txt', mimeType: 'text/plain', buffer: Buffer.from(bytes) };
    await page.locator('#receipts').setInputFiles(file);
    await button(page, 'Audit again').click();
  };
  await choose(receipts);
  await intact.waitFor();
  const told = page.locator('.receipts li');
  expect(await told.allTextContents()).toEqual([
    expect.stringContaining(`round 1 part of a base that was derived again ${relay.status().base.hash}`),
  ]);
  await expectAccessible(page);
  const [other] = receiptsIn(receipts);
  if (other === undefined) throw new Error('no receipt');
  await choose(receiptLines([{ ...other, signature: new Uint8Array(64) }]));
  await page.getByText('receipts-1.txt, receipt of entry').waitFor();
  expect(await told.textContent()).toContain('does not hold the contribution of this receipt');
  await choose(new TextEncoder().encode('no receipt'));
  await page.getByRole('alert').filter({ hasText: 'audit.no-receipt' }).waitFor();
  await close();
});

test('audits a dropped folder without any server: 20 planted changes, at the places that the verifier names', async () => {
  const run = await writePlantedRun(temporaryFolder());
  const relay = await start({ pages: build.pages });
  const { page, problems, close } = await openWatched(browser, { acceptDownloads: true });
  await page.goto(new URL('audit', relay.url).href);
  await page.getByText('Works offline').waitFor();
  const manifest = await page.request.get(new URL('manifest.webmanifest', relay.url).href);
  expect(manifest.headers()['content-type']).toBe('application/manifest+json');
  for (const { src } of (await manifest.json()).icons)
    expect((await page.request.get(new URL(src, manifest.url()).href)).ok(), src).toBe(true);
  await relay.close();
  // So does the page that an installed Tapestry begins with.
  const installed = await page.context().newPage();
  await installed.goto(relay.url.href);
  expect(await installed.locator('link[rel=manifest]').evaluate((link) => Reflect.get(link, 'href'))).toBe(
    manifest.url(),
  );
  await installed.getByRole('heading', { name: 'Help train a language model.' }).waitFor();
  await installed.close();
  await page.reload();

  const told = () => page.locator('.problems li').allTextContents();
  const audited = async (folder: string, kept: readonly KeptFile[]) => {
    const files = kept.map(({ name, bytes }) => ({
      name,
      mimeType: 'text/plain',
      buffer: Buffer.from(bytes),
    }));
    await page.locator('#receipts').setInputFiles(files);
    await page.getByLabel('Choose a folder').setInputFiles(folder);
    await page.locator('.verdict h2').waitFor();
    return told();
  };
  expect(await audited(run.folder, [])).toEqual([]);
  await page.getByText(`${plantedRounds} bases derived again bit for bit, from 40 contributions`).waitFor();

  // What the page saves says the same as the verifier, and is signed.
  const saving = page.waitForEvent('download');
  await press(page, 'Save the signed report');
  const saved = await readReport(readFileSync(await (await saving).path()));
  const intact = await reportOf(folderSource(run.folder));
  const { head, root, entries, base } = intact;
  expect(saved).toMatchObject({ isSigned: true, report: { verdict: 'intact', head, root, entries, base } });
  await expectAccessible(page);

  expect(plantedChanges).toHaveLength(20);
  for (const { name, plant } of plantedChanges) {
    const changed = copyOf(run);
    const kept = await plant(changed);
    const evidence = kept.flatMap((file) => keptIn(file.name, file.bytes));
    const [folder, served] = [folderSource(changed.folder), servedSource(changed.folder)];
    const report = await reportOf(folder, evidence);
    expect(await reportOf(served, evidence), name).toEqual(report);
    expect(report.problems.length, name).toBeGreaterThan(0);
    const named = report.problems.map(({ place, problem }) => `${place} ${problem}`);
    expect(await audited(changed.folder, kept), name).toEqual(named);
  }
  expect(problems.filter((problem) => !problem.includes('ERR_CONNECTION_REFUSED'))).toEqual([]);
  await close();
});
