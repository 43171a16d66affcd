import { randomInt } from 'node:crypto';
import { createInterface } from 'node:readline/promises';
import { nations } from '../../client/data/udhr/nations.ts';
import { looksLikeRelay } from './run/relay-address.ts';
import { terminal } from './terminal/streams.ts';
import { shellWord } from './terminal/terminal-text.ts';

/** Asks a person one question; null at the end of the input. */
export type Ask = (question: string) => Promise<string | null>;

const welcome = `Tapestry trains one language model together, on text that stays on its machine.

  1  try it      a relay, three nodes and a dashboard, all on this machine
  2  host a run  others join it with a link
  3  join        with the link that you were given

"tapestry --help" lists all commands.
`;

/** Letters and digits that are not taken for each other when they are read aloud. */
const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789';

/**
 * The words of the command that a person chooses who gave none; null where they leave. `random` gives a whole number below
 * its argument: the token of a hosted run is drawn from it (12 of 31 characters, 59 bits).
 */
export async function startWords(
  ask: Ask,
  random = (below: number) => randomInt(below),
): Promise<string[] | null> {
  const choice = await answered(
    ask,
    `${welcome}\n1, 2, 3 or a link [1]: `,
    '1',
    (answer) => /^[123]$/.test(answer) || looksLikeRelay(answer),
  );
  if (choice === null) return null;
  if (choice === '1') return ['demo'];
  if (choice === '2') return hostWords(ask, random);
  const link = choice === '3' ? await answered(ask, 'The link: ', '', looksLikeRelay) : choice;
  if (link === null) return null;
  const text = await ask('Your text, a file or a folder, or one of the built-in corpora [Romance]: ');
  if (text === null) return null;
  const isCorpus = nations.some(({ name }) => name.toLowerCase() === text.toLowerCase());
  if (text === '' || isCorpus) return ['join', link, '--corpus', text || 'Romance'];
  return ['join', link, '--text', text];
}

async function hostWords(ask: Ask, random: (below: number) => number): Promise<string[] | null> {
  const reach = await answered(
    ask,
    'Who may join: 1 this machine, 2 this network, by a link with a token [2]: ',
    '2',
    (answer) => /^[12]$/.test(answer),
  );
  if (reach === null) return null;
  if (reach === '1') return ['relay'];
  const letters = Array.from({ length: 12 }, () => alphabet[random(alphabet.length)]).join('');
  const token = letters.replace(/(.{4})(?=.)/g, '$1-');
  return ['relay', '--host', '0.0.0.0', '--tls', 'auto', '--token', token];
}

/** Asks until an answer can be used; null at the end of the input. */
async function answered(
  ask: Ask,
  question: string,
  usual: string,
  isUsable: (answer: string) => boolean,
): Promise<string | null> {
  for (let text = question; ; text = `Please give one of these. ${lastLine(question)}`) {
    const answer = await ask(text);
    if (answer === null) return null;
    if (isUsable(answer || usual)) return answer || usual;
  }
}

const lastLine = (text: string) => text.slice(text.lastIndexOf('\n') + 1);

/** Asks in the terminal, and says which command the answers make. */
export async function askInTerminal(): Promise<string[] | null> {
  const lines = createInterface({ input: process.stdin, output: terminal });
  const gone = new AbortController();
  lines.once('close', () => gone.abort());
  try {
    const words = await startWords((question) =>
      lines.question(question, { signal: gone.signal }).then(
        (answer) => answer.trim(),
        () => null,
      ),
    );
    if (words !== null) terminal.write(`\nThe same as: tapestry ${words.map(shellWord).join(' ')}\n\n`);
    return words;
  } finally {
    lines.close();
  }
}
