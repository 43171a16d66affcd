import { plural } from './grammar.ts';

/** The texts of the scene in which bases write for a room. */
export const speechWords = {
  prompt: 'Your prompt',
  send: 'Send',
  starts: 'Or let a corpus begin',
  shown: 'It is shown to everyone, and the bases continue it. The relay does not store it.',
  sent: {
    taken: 'Sent. It is shown when its turn comes.',
    unfit: 'That cannot be a prompt: it needs letters or digits, and nothing invisible.',
    full: 'Too many prompts wait. Try again in a minute.',
    failed: 'The relay did not take it. Try again.',
  },
  writing: 'writing…',
  waiting: (prompts: number) =>
    plural(prompts, { one: '# more prompt waits.', other: '# more prompts wait.' }),
  skip: 'Next prompt (N)',
} as const;
