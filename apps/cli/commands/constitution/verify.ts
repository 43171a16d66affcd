import { missingSignatures } from '../../../../client/derive/constitution/signatures.ts';
import { Command } from '../../command.ts';
import { readConstitutionFile } from '../../constitution/read-constitution.ts';
import { signedFact, signedText } from '../../constitution/signed-text.ts';
import { exit } from '../../exit-codes.ts';
import { repeated, withExamples, withJson } from '../../options.ts';
import { Output } from '../../terminal/output.ts';
import { terminalText } from '../../terminal/terminal-text.ts';

interface VerifyFlags {
  readonly board?: readonly string[];
  readonly key?: readonly string[];
  readonly json: boolean;
}

export function verifyCommand(): Command {
  const command = new Command('verify')
    .summary('check who has signed a constitution')
    .description(
      'Check the signatures of a constitution. It exits with 5 if a signature is wrong or one that is required is missing.',
    )
    .argument('<constitution>', 'a YAML file')
    .option('--board <name>', 'require this board, and not all; repeat it for several', repeated)
    .option('--key <hex>', 'require the signature of this public key; repeat it for several', repeated)
    .action(verify);
  return withExamples(withJson(command), [
    'tapestry constitution verify constitution.yaml',
    'tapestry constitution verify constitution.yaml --board elders --json',
  ]);
}

async function verify(path: string, flags: VerifyFlags): Promise<void> {
  const output = new Output(flags.json);
  const signed = await readConstitutionFile(path);
  const missing = missingSignatures(signed.signed, { boards: flags.board ?? null, keys: flags.key ?? [] });
  const lines = missing.map((what) => `missing       ${terminalText(what)}`);
  output.result(
    { event: 'verified', ...signedFact(signed), missing },
    [signedText(signed), ...lines].join('\n'),
  );
  if (missing.length > 0 || signed.signed.wrong.length > 0) process.exitCode = exit.verification;
}
