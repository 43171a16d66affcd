import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { fetchPinnedTo } from '../../client/host/node.ts';
import { type VerifyReport, verifyRun } from '../../relay/verify.ts';
import { folderSource } from '../../relay/verify-folder.ts';
import { relaySource } from '../../relay/verify-relay.ts';
import { exit } from './exit.ts';
import { withExamples, withJson } from './options.ts';
import { Output } from './output.ts';

export function verifyCommand(): Command {
  const command = new Command('verify')
    .description(
      'Derive every base of a run again from its journal and payloads, bit for bit, and check every signature and ' +
        'hash on the way. Exit code 5, and the place, where one byte is not what it was.',
    )
    .argument('<run>', "a relay's data folder, a demo's, or the address of a relay")
    .option('--fingerprint <sha256>', 'trust the relay whose certificate has this SHA-256')
    .action(runVerify);
  return withExamples(withJson(command), [
    'tapestry verify .tapestry/demo',
    'tapestry verify https://relay.example --json',
  ]);
}

async function runVerify(run: string, flags: { json: boolean; fingerprint?: string }): Promise<void> {
  const output = new Output(flags.json);
  const source =
    URL.canParse(run) && /^https?:\/\//.test(run)
      ? relaySource(new URL(run), fetchPinnedTo(flags.fingerprint))
      : await folderSource(folderOf(run));
  const verification = verifyRun(source);
  let report: VerifyReport | undefined;
  while (report === undefined) {
    const { done, value } = await verification.next();
    if (done) report = value;
    else
      output.progress({ event: 'derived', ...value }, `round ${value.round}/${value.rounds} derived again`);
  }
  for (const { place, problem } of report.problems)
    output.result({ event: 'problem', place, problem }, `${place} ${problem}`);
  const { rounds, entries, contributions, base, problems } = report;
  const summary = `${entries} journal entries, ${contributions} contributions and ${rounds} bases`;
  output.result(
    { event: 'verified', ok: problems.length === 0, run: report.run, rounds, entries, contributions, base },
    problems.length === 0
      ? `verified: ${summary} are what was written; the last base is ${base}`
      : `not verified: ${problems.length} problem${problems.length === 1 ? '' : 's'} in ${summary}`,
  );
  if (problems.length > 0) process.exitCode = exit.verification;
}

/** A demo keeps its relay's folder inside its own. */
function folderOf(run: string): string {
  const inside = join(run, 'relay');
  return existsSync(join(inside, 'journal.sqlite')) ? inside : run;
}
