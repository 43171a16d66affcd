import { Option } from 'commander';
import { parseRunId } from '../../../client/contribute/protocol/handshake.ts';
import { TapestryError } from '../../../client/errors.ts';
import { readRegularFile } from '../../../client/host/regular-file.ts';
import { auditReportOf } from '../../../relay/verify/report/audit-report.ts';
import type { VerifySource } from '../../../relay/verify/source.ts';
import { type VerifyReport, verifyRun } from '../../../relay/verify/verify.ts';
import { checkForkProof, encodeForkProof, type ForkProof } from '../../../relay/wire/evidence/fork-proof.ts';
import { isHash } from '../../../relay/wire/hex.ts';
import type { ReaderSecret } from '../../../relay/wire/reader-proof.ts';
import { Command } from '../command.ts';
import { exit } from '../exit-codes.ts';
import { requireNewFile, writeNewFile } from '../files/new-file.ts';
import { dataOption, whole, withExamples, withJson } from '../options.ts';
import { fingerprintOf } from '../run/fingerprint.ts';
import { tokenOf } from '../run/token.ts';
import { Output } from '../terminal/output.ts';
import { checkpointIn, forkProofIn, receiptsOf } from '../verify/evidence.ts';
import { writeNumberedProof } from '../verify/proof-file.ts';
import { reportIn, showReport, writeReport } from '../verify/report-file.ts';
import { pointIn, writePoint } from '../verify/resume-file.ts';
import { runSource } from '../verify/run-source.ts';
import { version } from '../version.ts';

/** The most bytes of a checkpoint, a receipt or a key. */
const maxKeptBytes = 2 ** 20;

interface VerifyFlags {
  readonly json: boolean;
  readonly fingerprint?: string;
  readonly run?: string;
  readonly relayKey?: string;
  readonly checkpoint: readonly string[];
  readonly receipt: readonly string[];
  readonly proof?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly auditorKey?: string;
  readonly largestModel: number;
  readonly resume?: string;
  readonly report?: string;
  readonly data: string;
}

export function verifyCommand(): Command {
  const command = new Command('verify')
    .description(
      'Derive every base of a run again from its journal and payloads, bit for bit, and check every signature and ' +
        'hash on the way. Exit code 5 if anything was changed; each change is named with its place. Given the file of a ' +
        'fork’s proof or of a report, check that file.',
    )
    .argument('<run>', "a relay's data folder, a demo's, the address of a relay, a fork-*.json, or a report")
    .option('--fingerprint <sha256>', 'trust the relay whose certificate has this SHA-256', fingerprintOf)
    .option('--run <id>', 'expect the run with this id', parseRunId)
    .option('--relay-key <hex>', 'expect a run of the relay with this public key', relayKeyOf)
    .option(
      '--checkpoint <file>',
      'check that the run still holds all that this checkpoint was signed for (repeatable)',
      collected,
      [],
    )
    .option(
      '--receipt <file>',
      "check that the run holds the contributions of these receipts: a node's receipts-*.txt (repeatable)",
      collected,
      [],
    )
    .option(
      '--proof <file>',
      'where to write the proof if the relay showed two journals: a file that is not there yet (default: fork-<run>.json)',
    )
    .addOption(new Option('--token <token>', 'the join token, where only members may read contributions'))
    .addOption(new Option('--token-file <file>', 'a file with the token'))
    .option(
      '--largest-model <parameters>',
      'read no larger model from a relay: its manifest may say any size',
      whole(1, 2 ** 34),
      2 ** 28,
    )
    .option(
      '--resume <file>',
      'remember in this file up to where the run is intact, and begin there the next time',
    )
    .option(
      '--report <file>',
      'write what was checked and found, signed with the key of this node: a file that is not there yet',
    )
    .addOption(dataOption('node', 'the folder of that key'))
    .option('--auditor-key <file>', "the auditor's key, where only the auditor may: an identity.json")
    .action(runVerify);
  return withExamples(withJson(command), [
    'tapestry verify .tapestry/demo',
    'tapestry verify relay.example:8765 --json',
    'tapestry verify https://relay.example --resume verified.json   # and again, later',
    'tapestry verify https://relay.example --report audit.json   # others: tapestry verify audit.json',
    'curl -s https://relay.example/checkpoint > kept.txt   # later: tapestry verify https://relay.example --checkpoint kept.txt',
  ]);
}

async function runVerify(place: string, flags: VerifyFlags): Promise<void> {
  const output = new Output(flags.json);
  const proof = await forkProofIn(place);
  if (proof !== null) return checkProof(proof, output);
  const written = await reportIn(place);
  if (written !== null) return showReport(written, output);
  if (flags.proof !== undefined) requireNewFile(flags.proof, '--proof');
  if (flags.report !== undefined) requireNewFile(flags.report, '--report');
  const { run, relayKey, resume } = flags;
  const point = resume === undefined ? null : await pointIn(resume);
  const checkpoints = await Promise.all(flags.checkpoint.map(checkpointIn));
  const receipts = await Promise.all(flags.receipt.map(receiptsOf));
  const kept = [...checkpoints, ...receipts.flat()];
  const verification = verifyRun(await sourceOf(place, flags), { kept, run, relayKey, point });
  let report: VerifyReport | undefined;
  while (report === undefined) {
    const { done, value } = await verification.next();
    if (done) {
      report = value;
      continue;
    }
    const { round, rounds, point } = value;
    output.progress({ event: 'derived', round, rounds }, `round ${round}/${rounds} derived again`);
    if (resume !== undefined && point !== null) await writePoint(resume, point);
  }
  for (const found of report.problems)
    output.result({ event: 'problem', ...found }, `${found.place} ${found.problem}`);
  if (report.fork !== null) {
    const file = await writeProof(encodeForkProof(report.fork), report, flags);
    const told = `the proof that the relay signed two journals is in ${file}; \`tapestry verify ${file}\` checks it`;
    output.result({ event: 'fork', proof: file }, told);
  }
  if (flags.report !== undefined) {
    const facts = { time: Date.now(), verifier: `tapestry ${version}`, place: placeName(place), kept };
    await writeReport(flags.report, auditReportOf(report, facts), flags.data);
  }
  const { rounds, from, removed, entries, contributions, base, problems, signed } = report;
  const older = from === 1 ? '' : ` (from round ${from} on: ${why(report)})`;
  const summary = `${entries} journal entries, ${contributions} contributions and ${rounds} bases${older}`;
  const covered = `the relay’s newest signature covers the first ${signed} entries`;
  output.result(
    {
      ...{ event: 'verified', ok: problems.length === 0, run: report.run, relayKey: report.relayKey },
      ...{ rounds, from, removed, entries, signed, contributions, base },
    },
    problems.length === 0
      ? `verified: ${summary} of run ${report.run} are as they were written; ${covered}; the last base is ${base}`
      : `not verified: ${problems.length} problem${problems.length === 1 ? '' : 's'} in ${summary}`,
  );
  if (problems.length > 0) process.exitCode = exit.verification;
}

/** An address without its fragment, which holds the token. */
function placeName(place: string): string {
  return place.split('#', 1)[0] ?? '';
}

/** Resolves with the name of the proof's file. Throws `usage.exists` for a named file that is there. */
async function writeProof(bytes: Uint8Array, { run }: VerifyReport, { proof }: VerifyFlags): Promise<string> {
  if (proof === undefined) return writeNumberedProof('.', run ?? '', bytes);
  await writeNewFile(proof, [bytes], '--proof');
  return proof;
}

/** Why the bases of older rounds were not derived again. */
function why({ from, removed }: VerifyReport): string {
  return removed + 1 === from
    ? 'the payloads of the rounds before it are no longer kept, as the manifest says'
    : 'the rounds before it were verified before';
}

/** Says whether a file proves a fork; exit code 5 if it does not. */
async function checkProof(proof: ForkProof, output: Output): Promise<void> {
  const fork = await checkForkProof(proof);
  if (fork === null) {
    output.result(
      { event: 'fork', ok: false },
      'this file proves no fork: its signatures or hashes do not hold',
    );
    process.exitCode = exit.verification;
    return;
  }
  const { run, relayKey, contradiction } = fork;
  const told = `the relay with the key ${relayKey} signed two journals of run ${run}: ${contradiction}`;
  output.result({ event: 'fork', ok: true, ...fork }, told);
}

function collected(value: string, values: readonly string[]): string[] {
  return [...values, value];
}

/** Throws `usage.relay-key`. */
function relayKeyOf(text: string): string {
  const key = text.toLowerCase();
  if (isHash(key)) return key;
  throw new TapestryError(
    'usage.relay-key',
    `--relay-key ${text} is no public key.`,
    'A relay’s key has 64 hexadecimal digits; a fork’s proof and `verify --json` name it.',
  );
}

/** The run to verify, as `runSource` finds it. */
async function sourceOf(run: string, flags: VerifyFlags): Promise<VerifySource> {
  const secret = await secretOf(flags);
  const mostBlobBytes = 4 * flags.largestModel;
  return runSource(run, flags.fingerprint, { mostBlobBytes, ...(secret === undefined ? {} : { secret }) });
}

/** The proof that the caller may read contributions; undefined where none was given. Throws as `tokenOf`, and `usage.auditor-key`. */
async function secretOf(flags: VerifyFlags): Promise<ReaderSecret | undefined> {
  if (flags.auditorKey !== undefined) {
    try {
      const key: JsonWebKey = JSON.parse(
        Buffer.from(await readRegularFile(flags.auditorKey, maxKeptBytes)).toString(),
      );
      return { key: await crypto.subtle.importKey('jwk', key, 'Ed25519', false, ['sign']) };
    } catch (cause) {
      throw new TapestryError(
        'usage.auditor-key',
        `${flags.auditorKey} is not a private Ed25519 key in JSON Web Key form.`,
        'Name the identity.json whose public key the manifest names.',
        { cause },
      );
    }
  }
  const token = await tokenOf(flags);
  return token === undefined ? undefined : { token };
}
