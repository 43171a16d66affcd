import { plural } from './grammar.ts';

/** The texts of whoever presents a run in a hall. */
export const presenterWords = {
  title: 'Presenter',
  start: 'Start',
  resume: 'Go on',
  pause: 'Pause after this round',
  extend: 'One more minute',
  end: 'End the run',
  endAsk: 'End the run for everyone? The open round commits if it has enough contributions.',
  endYes: 'Yes, end it',
  cancel: 'Cancel',
  remove: (node: string) => `Remove ${node}`,
  removeAsk: (node: string) =>
    `Remove ${node}? It cannot join this run again. What it contributed stays in the base.`,
  removeWhich: 'Which node is to be removed?',
  removeNone: 'Choose a node',
  removeYes: 'Yes, remove it',
  lobby: (nodes: number) =>
    plural(nodes, {
      one: '# here. The run starts when the presenter presses Start.',
      other: '# here. The run starts when the presenter presses Start.',
    }),
  paused: 'Paused by the presenter',
  pausing: 'The presenter pauses after this round.',
  outcomes: {
    done: 'Done.',
    'not-now': 'That is not possible at the moment.',
    gone: 'This node has left already.',
    refused:
      "The relay did not accept the presenter's secret. Open the address that it printed when it started last.",
    unreachable: 'The relay did not answer. Try again.',
  },
} as const;
