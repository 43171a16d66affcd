import type { Command } from '../command.ts';

/** A command, and what may follow it. `words` leads to it: none for `tapestry` itself. */
export interface Place {
  readonly words: readonly string[];
  readonly next: readonly { readonly word: string; readonly about: string; readonly takesValue: boolean }[];
}

/** Every place in a tree of commands. */
export function placesOf(
  command: Pick<Command, 'commands' | 'options'>,
  words: readonly string[] = [],
): Place[] {
  const subcommands = command.commands.map((each) => ({
    word: each.name(),
    about: oneLine(each.summary() || each.description()),
    takesValue: false,
  }));
  const options = command.options.flatMap(({ long, description, required, optional }) =>
    long ? [{ word: long, about: oneLine(description), takesValue: required || optional }] : [],
  );
  const help = { word: '--help', about: 'show help', takesValue: false };
  const inside = command.commands.flatMap((each) => placesOf(each, [...words, each.name()]));
  return [{ words, next: [...subcommands, ...options, help] }, ...inside];
}

/** The first sentence, in one line: what a shell shows beside a word. */
const oneLine = (text: string) => text.replace(/\s+/g, ' ').split(/[.:;] /)[0] ?? '';

const pathOf = ({ words }: Place) => words.map((word) => ` ${word}`).join('');
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** Files are completed where nothing else fits, as after `--data`. */
export function bashScript(places: readonly Place[]): string {
  const cases = places.map(
    (place) =>
      `    ${quoted(pathOf(place))}) words=${quoted(place.next.map(({ word }) => word).join(' '))} ;;`,
  );
  return `_tapestry() {
  local place='' words='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$place $word" in
      ${knownPaths(places)}) place="$place $word" ;;
    esac
  done
  case "$place" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o bashdefault -o default -F _tapestry tapestry
`;
}

export function zshScript(places: readonly Place[]): string {
  const cases = places.map((place) => {
    const entries = place.next.map(({ word, about }) => quoted(`${word}:${about.replaceAll(':', '\\:')}`));
    return `    ${quoted(pathOf(place))}) list=(${entries.join(' ')}) ;;`;
  });
  return `#compdef tapestry
_tapestry() {
  local place='' word
  local -a list
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$place $word" in
      ${knownPaths(places)}) place="$place $word" ;;
    esac
  done
  case "$place" in
${cases.join('\n')}
  esac
  _describe -o 'tapestry' list || _files
}
compdef _tapestry tapestry
`;
}

export function fishScript(places: readonly Place[]): string {
  const lines = places.flatMap((place) => {
    const { words, next } = place;
    const here =
      words.length === 0
        ? '__fish_use_subcommand'
        : words.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ');
    return next.map(({ word, about, takesValue }) => {
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-f -a ${word}`;
      return `complete -c tapestry -n ${fishQuoted(here)} ${what} -d ${fishQuoted(about)}${takesValue ? ' -r' : ''}`;
    });
  });
  return `${lines.join('\n')}\n`;
}

/** fish knows a backslash before a quote inside of quotes. */
const fishQuoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

const knownPaths = (places: readonly Place[]) =>
  places
    .filter(({ words }) => words.length > 0)
    .map((place) => quoted(pathOf(place)))
    .join('|');
