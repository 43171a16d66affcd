import type { SignedConstitution } from '../../../client/derive/constitution/signatures.ts';
import { aligned } from '../terminal/table.ts';
import { terminalText } from '../terminal/terminal-text.ts';

/** Those who signed a constitution, for programs. */
export function signedFact({ hash, signed: { keys, wrong, otherVersions, boards } }: SignedConstitution) {
  return {
    constitution: hash,
    keys,
    wrong,
    otherVersions,
    boards: boards.map(({ name, signed, needed, agrees }) => ({ name, signed, needed, agrees })),
  };
}

/** Those who signed a constitution, for people. */
export function signedText({
  hash,
  constitution,
  signed: { keys, wrong, otherVersions, boards },
}: SignedConstitution): string {
  const rows = [
    ['constitution', `${hash}, ${constitution.principles.length} principles`],
    ['signed by', keys.length === 0 ? 'nobody' : keys.join(', ')],
    ...boards.map(({ name, signed, needed, agrees }) => [
      'board',
      `${terminalText(name)}: ${signed.length} of ${needed} signatures, ${agrees ? 'agrees' : 'does not agree yet'}`,
    ]),
  ];
  if (wrong.length > 0) rows.push(['wrong', `signatures that do not hold: ${wrong.join(', ')}`]);
  if (otherVersions > 0) rows.push(['others', `${otherVersions} signatures of other versions`]);
  return aligned(rows, () => true).join('\n');
}
