import { plural } from './grammar.ts';

/** Every text of the dashboard. */
export const dashboardWords = {
  description: 'A Tapestry run as it happens: nodes, rounds and loss.',
  title: 'Dashboard – Tapestry',
  fullScreen: 'Full screen',
  leaveFullScreen: 'Leave full screen',
  facts: (parameters: number, rounds: number, steps: number) =>
    [
      plural(parameters, { one: '# parameter · ', other: '# parameters · ' }),
      plural(rounds, { one: '# round of ', other: '# rounds of ' }),
      plural(steps, { one: '# local step', other: '# local steps' }),
    ].join(''),
  upper: (layers: number, of: number) => `Slow devices may train the upper layers alone (${layers} of ${of})`,
  upstream: {
    following: (round: number) =>
      round === 0 ? 'Follows an upstream relay' : `Base of an upstream relay, after its round ${round}`,
    alone: (round: number) =>
      round === 0
        ? 'Works without its upstream relay'
        : `Works without its upstream relay since the base of its round ${round}`,
  },
  round: 'Round',
  ofRounds: (rounds: number) => `of ${rounds}`,
  phases: {
    waiting: 'Waiting for nodes',
    training: 'Training',
    grace: 'Last contributions',
    complete: 'Complete',
  },
  waitingFor: (nodes: number, quorum: number) =>
    plural(quorum, { one: `${nodes} of # required node`, other: `${nodes} of # required nodes` }),
  contributions: 'Contributions',
  ofTarget: (target: number) => `of ${target}`,
  timeLeft: 'Time left',
  completeHeading: (done: number, rounds: number) =>
    done === rounds
      ? plural(rounds, { one: 'The round is complete', other: 'All # rounds are complete' })
      : plural(rounds, {
          one: 'The run ended before its round committed',
          other: `The run ended after ${done} of # rounds`,
        }),
  completeLoss: (from: string, to: string) => `Held-out loss ${from} → ${to}, as nodes report it`,
  completeProbe: (loss: string) => `Loss ${loss}, measured by the relay`,
  nodes: 'Nodes',
  noNodes: 'No node has joined yet. Nodes appear here when they join.',
  nodesGone: 'All nodes have left.',
  showAll: (count: number) => `Show all ${count}`,
  showFewer: 'Show fewer',
  lossShort: 'loss',
  reported: 'Losses, steps, tokens, speeds and downloads are as the nodes report them.',
  rate: (tokens: string) => `${tokens}/s`,
  nodeSteps: (done: number, steps: number) => `step ${done} of ${steps}`,
  nodeUpper: 'trains the upper layers',
  nodeMoved: (sent: string, received: string) => `${sent} sent, ${received} received`,
  totals: 'Together',
  tokens: 'Tokens',
  tokensPerSecond: 'Reported tokens/s',
  accepted: 'Contributions accepted',
  moved: 'Bytes moved',
  less: (times: string) => `${times} less than data-parallel training`,
  dataParallel: (bytes: string) => `Exchanging gradients at every step would have moved ${bytes}.`,
  base: 'Base',
  baseFile: (size: string) => `${size} of 32-bit floats`,
  verify: 'Anyone who may read the contributions can derive this base again, bit for bit:',
  audit: 'Audit in this browser',
  sample: 'Text that the base writes',
  sampleRound: (round: number) => (round === 0 ? 'before the first round' : `after round ${round}`),
  noSample: 'Text that the model writes appears here after the first rounds.',
  join: 'Join',
  joinHow: 'Scan, or open in a browser with WebGPU:',
  joinSteps: ['Scan the code or open the address', 'Choose a text: it stays on your device', 'Press Start'],
  certificate: 'The relay’s certificate, in four words that its terminal shows too:',
  joinClosed: 'This run is complete. The relay serves its base under its hash.',
  qr: (address: string) => `QR code of ${address}`,
  localOnly:
    'This address works on this machine only. For other machines, start the relay with --host 0.0.0.0 --tls auto.',
  insecure: 'Browsers on other machines need https for WebGPU. Start the relay with --tls auto.',
} as const;
