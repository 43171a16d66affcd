import { bytesToHex } from '@noble/hashes/utils.js';
import { signConstitution } from '../../../../client/derive/constitution/signatures.ts';
import { diskFiles } from '../../../../client/host/disk.ts';
import { identityInFiles } from '../../../../client/identity.ts';
import { Command } from '../../command.ts';
import {
  readConstitutionFile,
  readSignatures,
  writeSignatures,
} from '../../constitution/read-constitution.ts';
import { signedFact, signedText } from '../../constitution/signed-text.ts';
import { dataOption, withExamples, withJson } from '../../options.ts';
import { Output } from '../../terminal/output.ts';

interface SignFlags {
  readonly data: string;
  readonly json: boolean;
}

export function signCommand(): Command {
  const command = new Command('sign')
    .summary('sign a constitution with the key of this node')
    .description(
      'Sign a constitution with the Ed25519 key of this node, which the first use makes. The signature covers every value and no ' +
        'layout, and is kept beside the constitution in FILE.signatures.json.',
    )
    .argument('<constitution>', 'a YAML file; docs/constitution.md lists its keys')
    .addOption(dataOption('node', 'the folder of the key'))
    .action(sign);
  return withExamples(withJson(command), [
    'tapestry constitution sign constitution.yaml',
    'tapestry constitution sign constitution.yaml --data ~/keys/board',
  ]);
}

async function sign(path: string, flags: SignFlags): Promise<void> {
  const output = new Output(flags.json);
  const { constitution } = await readConstitutionFile(path);
  const identity = await identityInFiles(diskFiles(flags.data));
  await writeSignatures(path, await signConstitution(constitution, await readSignatures(path), identity));
  const signed = await readConstitutionFile(path);
  const key = bytesToHex(identity.publicKey);
  output.result({ event: 'signed', key, ...signedFact(signed) }, `${key} has signed.\n${signedText(signed)}`);
}
