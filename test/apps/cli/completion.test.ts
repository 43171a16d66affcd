import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { Command } from '../../../apps/cli/command.ts';
import { bashScript, fishScript, placesOf, zshScript } from '../../../apps/cli/completion/scripts.ts';

const tapestry = new Command('tapestry')
  .option('--version', 'the version')
  .addCommand(new Command('join').description("A node's work; more.").option('--corpus <name>', 'text'))
  .addCommand(
    new Command('constitution').addCommand(new Command('sign').option('--data <folder>', "the key's folder")),
  );
const places = placesOf(tapestry);

/** What bash completes the last of these words to. */
function completed(...words: string[]): string[] {
  const set = words.map((word) => `'${word}'`).join(' ');
  const script = `${bashScript(places)}
COMP_WORDS=(tapestry ${set}); COMP_CWORD=${words.length}; _tapestry; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, status } = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8' });
  expect(status).toBe(0);
  return stdout.split('\n').filter(Boolean);
}

test('bash completes commands, subcommands and options where each may come', () => {
  expect(completed('')).toEqual(['join', 'constitution', '--version', '--help']);
  expect(completed('j')).toEqual(['join']);
  expect(completed('join', 'http://a', '--c')).toEqual(['--corpus']);
  expect(completed('constitution', '')).toEqual(['sign', '--help']);
  expect(completed('constitution', 'sign', '--d')).toEqual(['--data']);
  expect(completed('join', '--d')).toEqual([]);
});

test('zsh and fish get each word with what it is for, quoted', () => {
  expect(zshScript(places)).toContain(`' constitution sign') list=('--data:the key'\\''s folder'`);
  const fish = fishScript(places);
  expect(fish).toContain("complete -c tapestry -n '__fish_use_subcommand' -f -a join -d 'A node\\'s work'");
  expect(fish).toContain(
    "-n '__fish_seen_subcommand_from constitution; and __fish_seen_subcommand_from sign' -l data -d 'the key\\'s folder' -r",
  );
});
