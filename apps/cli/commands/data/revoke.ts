import { DataJournal } from '../../cards/data-journal.ts';
import { revokedBy, touchedModels } from '../../cards/revocation.ts';
import { Command } from '../../command.ts';
import { repeated, withExamples, withJson, withSigner } from '../../options.ts';
import { Output } from '../../terminal/output.ts';
import { terminalText } from '../../terminal/terminal-text.ts';

interface RevokeFlags {
  readonly reason?: string;
  readonly in?: readonly string[];
  readonly data: string;
  readonly json: boolean;
}

export function revokeCommand(): Command {
  const command = new Command('revoke')
    .description(
      'Stop every use of data at once, and list what it went into: runs it was contributed to, and models built on it, with the command that builds each without it.',
    )
    .argument('<data>', 'a file, a data card (with all its files), or the SHA-256 of either')
    .option('--reason <text>', 'goes into the journal')
    .option('--in <folder>', 'look for models below it too; repeat it for several', repeated)
    .action(revoke);
  return withExamples(withJson(withSigner(command)), [
    'tapestry revoke songs.jsonl --reason "the council withdrew its consent"',
    'tapestry revoke archive/cards.yaml --in models',
  ]);
}

async function revoke(what: string, flags: RevokeFlags): Promise<void> {
  const output = new Output(flags.json);
  const journal = new DataJournal(flags.data);
  const hashes = await revokedBy(what);
  const before = await journal.revoked();
  const time = new Date().toISOString();
  await journal.append(
    hashes
      .filter(({ hash }) => !before.has(hash))
      .map((each) => ({ event: 'revoked' as const, time, ...each, reason: flags.reason ?? null })),
  );
  for (const { name, hash } of hashes)
    output.result({ event: 'revoked', name, hash }, `revoked ${terminalText(name)} ${hash.slice(0, 12)}`);

  const revoked = new Set(hashes.map(({ hash }) => hash));
  const entries = await journal.entries();
  for (const entry of entries) {
    if (entry.event !== 'used' || entry.use !== 'contribute') continue;
    if (!revoked.has(entry.hash) && !(entry.card && revoked.has(entry.card.hash))) continue;
    output.result(
      { event: 'contributed', relay: entry.by, name: entry.name, time: entry.time },
      `contributed to ${terminalText(entry.by)} from ${entry.time} on: every later base of that run learnt from it, and no command takes it back. Ask whoever runs the relay to begin again from an earlier base.`,
    );
  }
  const models = await touchedModels(entries, flags.in ?? [], revoked);
  for (const { folder, kind, data, rebuild } of models)
    output.result(
      { event: 'touched', folder, kind, data, rebuild },
      `${kind} ${terminalText(folder)} is built on ${data.map((name) => terminalText(name)).join(', ')}\n  ${
        rebuild === null
          ? 'built elsewhere, or exported: make it again from a model without the data'
          : terminalText(rebuild)
      }`,
    );
  if (models.length === 0) output.log('No model on this machine is known to be built on it.');
}
