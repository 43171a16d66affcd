import { plural } from './grammar.ts';

/** The texts about a base: trying it and taking it home. */
export const baseWords = {
  heading: 'Try the base',
  what: 'The shared model goes on with your words, here on your device. It is small: it imitates the texts that it was trained on, and does not answer questions. Nothing that you write here is sent.',
  notYet: 'It writes as soon as the first round has made a base.',
  prompt: 'Begin with',
  examplePrompt: 'All human beings ',
  mode: 'Show',
  modes: {
    rounds: 'before and after the last round',
    samples: 'two texts of the newest base, to choose from',
  },
  downloads: (size: string) =>
    `Bases that are not on this device yet are downloaded from the relay first, ${size} each.`,
  write: 'Write',
  stop: 'Stop',
  reading: 'Getting the base…',
  stopped: 'Stopped.',
  written: 'The texts are whole.',
  round: (round: number) => (round === 0 ? 'Before the first round' : `After round ${round}`),
  sample: (letter: string) => `Text ${letter}`,
  empty: 'It wrote nothing: the text ended at once.',
  vote: 'Which text is better?',
  better: (letter: string) => `Text ${letter} is better`,
  equal: 'Neither',
  voteHelp:
    'Your votes stay on this device, and nobody else sees them. You can download them as pairs of a better and a worse text, which a recipe of your own trains on (“prefer”).',
  voted: (votes: number) =>
    plural(votes, { one: '# vote is stored on this device.', other: '# votes are stored on this device.' }),
  thanks: 'No vote is stored.',
  downloadVotes: 'Download your votes',
  ending: {
    heading: 'Take the base home',
    complete: (done: number, rounds: number) =>
      done === rounds
        ? plural(rounds, {
            one: 'The one round is done, and nobody trains any more.',
            other: 'All # rounds are done, and nobody trains any more.',
          })
        : plural(rounds, {
            one: 'The run ended before its one round was done.',
            other: `The run ended after ${done} of # rounds, and nobody trains any more.`,
          }),
    folder: (round: number, size: string) =>
      `The base after round ${round} as a folder: weights (${size}), configuration, tokenizer and a card that says how it was made.`,
    prepare: 'Prepare the files',
    preparing: 'Getting the base…',
    whatNext: 'What next',
    studio: 'Build your own model on it, offline: start the studio and drop the folder on its page.',
    chat: 'Let it write on your computer:',
    audit: 'Check in this browser how the relay made it',
    auditWhy: 'from everybody’s contributions, bit for bit.',
  },
} as const;
