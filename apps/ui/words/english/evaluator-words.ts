import { plural } from './grammar.ts';

/** Every text on evaluators: on the dashboard, in an open round, and on the page that contributes. */
export const evaluatorWords = {
  heading: 'Evaluators',
  purpose: (quorum: number) =>
    plural(quorum, {
      one: 'They score contributions by the loss on the run’s test text. One of them decides; without it the relay’s own scores do.',
      other:
        'They score contributions by the loss on the run’s test text. With scores of # of them the median decides; with fewer, the relay’s own scores do.',
    }),
  none: 'No round has closed yet.',
  scores: (round: number, scores: number, all: number) => `Round ${round}: ${scores} of ${all} sent scores`,
  waits: (time: string) => `${time} left at most`,
  states: {
    unheard: 'Not heard yet',
    here: 'Here',
    scored: 'Scored',
    silent: 'Silent',
  },
  score: 'Score',
  scoredBy: 'Scored by',
  relay: 'the relay',
  unit: 'A score is by how much a contribution lowers the loss on the run’s test text, in nats per token.',
  evaluate: 'Evaluate',
  stop: 'Stop evaluating',
  granted:
    'This run names your key as an evaluator. Instead of training, your GPU can score what the others contribute. It needs no text of yours.',
  downloads:
    'Each round it downloads the base and the contributions that are scored. It sends only scores with your signature.',
  keyHeading: 'Evaluate for a run',
  keyFor:
    'Give this key of your browser to whoever starts the run, before it starts: a run names its evaluators when it begins, and none can be added later. A run at this address that names it offers you to evaluate:',
  opening: 'Opening the GPU and reading the journal…',
  following: 'Waiting for a round to close.',
  answers: {
    taken: (round: number) => `Round ${round}: your scores were sent.`,
    late: (round: number) => `Round ${round}: your scores came too late.`,
    refused: (round: number) => `Round ${round}: the relay refused your scores.`,
  },
  counted: (round: number) => `Round ${round}: your scores are in the journal.`,
  uncounted: (round: number) => `Round ${round} was committed without your scores.`,
  waiting: 'The relay does not answer. It is asked again.',
  done: 'The run is complete. Thank you.',
  stopped: 'Stopped. Rounds go on without your scores.',
} as const;
