import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Option } from 'commander';
import {
  cardHash,
  type DataCard,
  type DataCategory,
  type DataUse,
  dataCategories,
  dataUses,
  encodeCard,
  parseCard,
} from '../../../../client/data/cards/card.ts';
import { folderCard, sidecarEnding } from '../../../../client/data/cards/data-use.ts';
import { Problems } from '../../../../client/data/reading/problems.ts';
import { printable, TapestryError } from '../../../../client/errors.ts';
import { textFilesAt } from '../../../../client/host/corpus-files.ts';
import { hashOfFile } from '../../cards/data-use.ts';
import { findCard } from '../../cards/find-card.ts';
import { Command } from '../../command.ts';
import { writeNewFile } from '../../files/new-file.ts';
import { withExamples, withJson } from '../../options.ts';
import { Output } from '../../terminal/output.ts';
import { terminalText } from '../../terminal/terminal-text.ts';

interface CreateFlags {
  readonly category: DataCategory;
  readonly licence: string;
  readonly consent?: string;
  readonly jurisdiction?: string;
  readonly uses?: readonly DataUse[];
  readonly json: boolean;
}

export function cardCommand(): Command {
  const card = new Command('card').description(
    'Data cards say whose data is, by which licence and consent, and what it may take part in.',
  );
  card.addCommand(createCommand());
  for (const [name, description] of [
    ['show', 'what the cards of files say'],
    ['check', 'check that files are those that their cards are of'],
  ] as const)
    card.addCommand(
      withJson(
        new Command(name).description(description).argument('<files...>', 'files of data, or folders'),
      ).action((files: readonly string[], flags: { readonly json: boolean }) =>
        show(files, new Output(flags.json)),
      ),
    );
  return withExamples(card, [
    'tapestry card create songs.jsonl --category sovereign --licence "by the council" --consent "council, 2026-03-01"',
    'tapestry card create archive/ --category open --licence CC0-1.0',
    'tapestry card check archive/',
  ]);
}

function createCommand(): Command {
  const command = new Command('create')
    .description(
      `Write the card of a file beside it (name${sidecarEnding}), or of a folder into it (${folderCard}).`,
    )
    .argument('<data>', 'a file, or a folder with files of text')
    .addOption(
      new Option('--category <name>', 'who may have it').choices(dataCategories).makeOptionMandatory(),
    )
    .requiredOption('--licence <text>', 'an SPDX name, or words')
    .option('--consent <text>', 'who agreed to which use, and when')
    .option('--jurisdiction <text>', 'whose law holds')
    .addOption(
      new Option('--uses <names...>', "what it may take part in, if not the category's usual uses").choices(
        dataUses,
      ),
    )
    .action(create);
  return withJson(command);
}

async function create(
  data: string,
  { category, licence, consent, jurisdiction, uses, json }: CreateFlags,
): Promise<void> {
  const output = new Output(json);
  const about = {
    ...{ category, licence },
    ...(consent === undefined ? {} : { consent }),
    ...(jurisdiction === undefined ? {} : { jurisdiction }),
    ...(uses === undefined ? {} : { uses: [...uses] }),
  };
  const isFolder = statSync(data, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const path = isFolder ? join(data, folderCard) : data + sidecarEnding;
  const content: DataCard = isFolder
    ? { ...about, files: await hashesIn(data) }
    : { ...about, hash: await hashOfFile(await existing(data)) };
  // A card that could not be read again is not written.
  const card = parseCard(encodeCard(content), path);
  await writeNewFile(path, [new TextEncoder().encode(encodeCard(card))], 'another name');
  output.result(
    { event: 'card', path, card, hash: cardHash(card) },
    `${terminalText(path)}: a card of ${category} data, ${cardHash(card).slice(0, 12)}.`,
  );
}

async function existing(path: string): Promise<string> {
  if (existsSync(path)) return path;
  throw new TapestryError(
    'card.no-data',
    `${printable(path)} is not there.`,
    'Name a file or a folder of data.',
  );
}

async function hashesIn(folder: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const { name } of await textFilesAt([folder], new Problems())) {
    const path = name.slice(join(folder, '/').length).replaceAll('\\', '/');
    files[path] = await hashOfFile(name);
  }
  if (Object.keys(files).length > 0) return files;
  throw new TapestryError(
    'card.no-data',
    `${printable(folder)} has no files of text.`,
    'Name a folder of data.',
  );
}

/** Shows the cards of files. Files without one are shown too; one that is not its card's file is an error. */
async function show(names: readonly string[], output: Output): Promise<void> {
  const problems = new Problems();
  const files = await textFilesAt(names, problems);
  const [problem] = problems.list();
  if (problem !== undefined) throw problem;
  for (const { name } of files) {
    const found = await findCard(name);
    const hash = await hashOfFile(name);
    if (found !== null && found.fileHash !== hash)
      throw new TapestryError(
        'card.mismatch',
        `${printable(name)} is not the file that ${printable(found.path)} is of: its SHA-256 is ${hash}.`,
        'Get the file that the card is of, or write a card for this one.',
      );
    const { category, licence, consent, jurisdiction } = found?.card ?? {};
    const words = [category, licence, consent && `consent: ${consent}`, jurisdiction]
      .filter(Boolean)
      .join(', ');
    output.result(
      {
        event: 'card',
        file: name,
        hash,
        card: found && { hash: found.hash, path: found.path, ...found.card },
      },
      `${terminalText(basename(name))}  ${found === null ? 'no card' : terminalText(words)}`,
    );
  }
}
