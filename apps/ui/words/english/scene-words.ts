import { plural } from './grammar.ts';

/** The texts of the scenes that are shown in a hall. */
export const sceneWords = {
  open: 'Present',
  close: 'Leave the presentation',
  keys: 'Keys: 1 to 5 and the arrows change the scene, Escape leaves. With the presenter’s secret: S starts, P pauses, M gives a minute, R removes a node, E ends the run.',
  fewKeys: 'Keys: the arrows change the scene, Escape leaves.',
  keysOn: 'Switch the letter keys on',
  keysOff: 'Switch the letter keys off',
  names: { join: 'Join', weave: 'Weave', learn: 'Learn', speak: 'Speak', thanks: 'Thanks' },
  joinHow: 'Scan the code, choose a text, press Start. The text stays on your device.',
  here: (nodes: number) => plural(nodes, { one: '# node is here.', other: '# nodes are here.' }),
  round: (round: number, rounds: number) => `Round ${round} of ${rounds}`,
  contributions: (given: number, target: number) =>
    plural(target, { one: `${given} of # contribution`, other: `${given} of # contributions` }),
  left: (time: string) => `${time} left`,
  loss: (from: string, to: string) => `Loss ${from} → ${to}`,
  lossOf: { probe: 'measured by the relay', heldOut: 'on text that nodes hold out, as they report it' },
  noLoss: 'The line starts when two rounds have committed.',
  chart: (from: string, to: string, best: string, worst: string) =>
    `The mean loss went from ${from} to ${to}. The best corpus is ${best}, the worst ${worst}.`,
  thanksHeading: 'Thank you',
  thanks: (contributions: number, tokens: number) =>
    [
      plural(contributions, { one: '# contribution', other: '# contributions' }),
      plural(tokens, { one: '# token', other: '# tokens' }),
      'one base.',
    ].join(', '),
  print: 'Print',
  picture: 'Save the picture',
  ownThreads: 'Outlined, and under a bar: your threads.',
  /** Bases that write for the room. */
  speech: {
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
  },
} as const;
