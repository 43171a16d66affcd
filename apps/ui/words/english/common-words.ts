import { plural } from './grammar.ts';

/** The texts that several pages show. */
export const commonWords = {
  brand: 'Tapestry',
  theme: {
    system: 'Colours: same as the system',
    light: 'Colours: light',
    dark: 'Colours: dark',
  },
  language: 'Language',
  languageMissing: (language: string) => `${language} cannot be loaded while the relay does not answer.`,
  skip: 'Skip to the main content',
  hosts: { browser: 'Browser tab', node: 'Node', deno: 'Deno' },
  states: {
    syncing: 'Fetching',
    training: 'Training',
    uploading: 'Sending',
    waiting: 'Waiting',
    paused: 'Paused',
    following: 'Following',
  },
  offline: { waiting: 'Storing the page…', ready: 'Works offline' },
  ownText: 'own text',
  unlistedCorpus: 'other',
  connection: {
    connecting: 'Connecting…',
    live: 'Live',
    stale: 'Out of date',
    staleSince: (time: string) => `The relay has not answered for ${time}. Reconnecting…`,
    unreadable: 'The relay is newer than this page. Reload the page.',
  },
  cloth: {
    label: 'Progress of the run',
    value: (done: number, rounds: number) =>
      plural(rounds, { one: `${done} of # round committed`, other: `${done} of # rounds committed` }),
    legend:
      'Strands are corpora, columns are rounds. A strand has colour in the rounds its corpus took part in.',
  },
  loss: {
    title: 'Loss',
    unit: 'nats per token, as nodes report it; for corpora, on text that they held out',
    training: 'Training, all nodes',
    probe: 'Measured by the relay',
    own: 'Your training loss',
    ownHeldOut: 'Loss of the base on your held-out text',
    round: 'Round',
    step: 'Step',
    empty: 'The curve starts when the first round commits.',
    ownEmpty: 'The curve starts with your first steps.',
    summary: (from: string, to: string) => `Loss went from ${from} to ${to}.`,
  },
} as const;
