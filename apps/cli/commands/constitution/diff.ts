import { type Difference, differences } from '../../../../client/derive/constitution/difference.ts';
import { Command } from '../../command.ts';
import { readConstitutionFile } from '../../constitution/read-constitution.ts';
import { withExamples, withJson } from '../../options.ts';
import { Output } from '../../terminal/output.ts';
import { terminalText } from '../../terminal/terminal-text.ts';

interface DiffFlags {
  readonly json: boolean;
}

export function diffCommand(): Command {
  const command = new Command('diff')
    .summary('say what changed between two constitutions')
    .description(
      'Say which principles, boards and other entries of a constitution another one adds, removes and changes.',
    )
    .argument('<before>', 'a YAML file')
    .argument('<after>', 'a YAML file')
    .action(diff);
  return withExamples(withJson(command), [
    'tapestry constitution diff constitution.yaml proposed.yaml',
    'tapestry constitution diff constitution.yaml proposed.yaml --json | jq .entry',
  ]);
}

async function diff(before: string, after: string, flags: DiffFlags): Promise<void> {
  const output = new Output(flags.json);
  const [old, fresh] = [await readConstitutionFile(before), await readConstitutionFile(after)];
  const found = differences(old.constitution, fresh.constitution);
  for (const difference of found) output.result({ event: 'difference', ...difference }, shown(difference));
  output.result(
    { event: 'compared', before: old.hash, after: fresh.hash, differences: found.length },
    found.length === 0
      ? `The constitutions are equal: ${old.hash}.`
      : `${found.length} entries differ between ${old.hash.slice(0, 12)} and ${fresh.hash.slice(0, 12)}.`,
  );
}

function shown({ entry, before, after, keys }: Difference): string {
  const name = terminalText(entry);
  if (before === null) return `+ ${name}: ${text(after?.['text'] ?? after)}`;
  if (after === null) return `- ${name}: ${text(before['text'] ?? before)}`;
  const lines = keys.flatMap((key) => [
    `  - ${key}: ${text(before[key])}`,
    `  + ${key}: ${text(after[key])}`,
  ]);
  return [`~ ${name}`, ...lines].join('\n');
}

const text = (value: unknown) =>
  terminalText(typeof value === 'string' ? value : (JSON.stringify(value) ?? 'none'));
