import { studioWords } from './studio-words.ts';

/**
 * Every text that the pages show. To add a language, write another object of type `Messages` and add it to `catalogues`
 * under its BCP 47 tag. The pages select the language by the browser's settings.
 */
const english = {
  brand: 'Tapestry',
  theme: {
    system: 'Colours: same as the system',
    light: 'Colours: light',
    dark: 'Colours: dark',
  },
  skip: 'Skip to the main content',
  hosts: { browser: 'Browser tab', node: 'Node', deno: 'Deno' },
  states: {
    syncing: 'Fetching',
    training: 'Training',
    uploading: 'Sending',
    waiting: 'Waiting',
    paused: 'Paused',
  },
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
    value: (done: number, rounds: number) => `${done} of ${rounds} rounds committed`,
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
  contribute: {
    title: 'Contribute – Tapestry',
    heading: 'Help train a language model. Your text stays here.',
    what: 'This page trains a shared language model on your GPU, with text of your choice. Only changes to the model’s numbers are sent to the relay, which merges them with the changes of the other nodes.',
    dashboard: 'Dashboard',
    run: (name: string, parameters: string) =>
      `You are joining “${name}”, a model of ${parameters} parameters.`,
    gpu: 'Your GPU',
    probing: 'Looking for your GPU…',
    software:
      'This is a software adapter: it computes on the processor. It works, but more slowly than a GPU.',
    text: 'Your text',
    corpusChoice: 'A built-in corpus',
    corpusLabel: 'Corpus',
    corpusHelp: (languages: number) =>
      `The Universal Declaration of Human Rights in ${languages === 1 ? '1 language' : `${languages} languages`}:`,
    filesChoice: 'Your own files',
    filesLabel: 'Files',
    filesHelp:
      'Plain text or Markdown in UTF-8, or JSONL with a “text” field. Only this tab reads the files.',
    filesChosen: (count: number, size: string) => `${count === 1 ? '1 file' : `${count} files`}, ${size}`,
    filesNeeded: 'Choose at least one file.',
    token: 'Join token',
    tokenHelp: 'Ask the person who runs this relay for the token.',
    tokenNeeded: 'This relay requires a join token.',
    power: 'Power',
    powerHelp: 'Lower power leaves more of the GPU for your other work.',
    powerValue: (percent: number) => `${percent}%`,
    start: 'Start',
    again: 'Start again',
    pause: 'Pause',
    resume: 'Resume',
    finish: 'Finish',
    finishHelp:
      'Finish completes and sends your current round, then leaves. You may also close the tab: your round is then dropped, and the other nodes continue.',
    state: {
      checking: 'Getting ready',
      ready: 'Ready',
      starting: 'Starting',
      joining: 'Joining the relay',
      syncing: 'Fetching the base',
      training: 'Training',
      sending: 'Sending your delta',
      waiting: 'Waiting for the next round',
      retrying: 'Connection lost, trying again',
      paused: 'Paused',
      finishing: 'Finishing this round',
      finished: 'Finished. Thank you.',
      complete: 'The run is complete. Thank you.',
      failed: 'Stopped',
      unsupported: 'This browser cannot train',
    },
    progress: (round: number, rounds: number, step: number, steps: number) =>
      `Round ${round} of ${rounds}, step ${step} of ${steps}`,
    retrying: (attempt: number, seconds: number) => `Attempt ${attempt}, in ${seconds} s.`,
    yours: 'Your part',
    tokens: 'Tokens you contributed',
    share: 'Share of the run',
    accepted: 'Contributions accepted',
    counted: 'The last one counts',
    speed: 'Tokens per second',
    sent: 'Data sent',
    sentType: 'Message',
    sentBytes: 'Bytes',
    sentNames: {
      join: 'Join: your key and its signature',
      offer: 'Offer: hash, counts and losses of a delta',
      chunk: 'Chunk: the delta, 8-bit numbers',
      heartbeat: 'Heartbeat: “I am here”, steps, loss',
      leave: 'Leave: goodbye',
    },
    sentTotal: 'Total sent',
    received: 'Received (the base and messages)',
    notSent: 'Your text was not sent, and cannot be.',
    notSentWhy:
      'The relay accepts only these five messages. None of them has a field for text, and each has a fixed size. Your text stays in a worker that can connect only to this relay.',
    schema: 'Read every message',
    limits: 'A delta can still reveal parts of your text',
    limitsText:
      'A delta is computed from your text. Who reads it can tell quite surely which bytes occur in the text. In a test, a sentence that was repeated over and over was written out word for word. The relay reads each delta, and after the round so do those whom the run names. In a round with few nodes the next base, which is public, shows much of each delta. Do not contribute secrets.',
    notices: 'Notices',
    refused: (code: string, round: number) =>
      `The relay refused your contribution to round ${round} (${code}).`,
    dropped: (round: number) =>
      `Your contribution to round ${round} was too late or could not be used. Your node continues with the next round.`,
    leftOut: (round: number) =>
      `Your contribution to round ${round} was left out, because it points against those of the others.`,
    leftOutNext:
      'Nothing, if it happens now and then: your text may be unlike the others’. If it happens in every round, choose another text.',
    fates: {
      included: () => 'in full',
      scaled: (percent: string) => `at ${percent}`,
      'left-out': () => 'left out',
    },
    abandoned: (round: number) =>
      `Round ${round} made no base and opens again: it had too few contributions, or its base was worse on held-out text than the run allows.`,
    deviceLost: (round: number, step: number) =>
      `The GPU device was lost and has been opened again. Round ${round} resumes after step ${step}.`,
    tooShort: (round: number, lasts: string, training: string, upload: string) =>
      `Round ${round} lasts ${lasts}. This device needs ${training} for its least steps and ${upload} for its upload, so its ` +
      'contribution may be late.',
    tooShortNext: 'It still follows the run. More power, a faster device or a faster network makes it count.',
    notFinite: (round: number) =>
      `Training in round ${round} gave numbers that are not finite, so nothing was sent. Training continues from the next base.`,
    kernelsChanged:
      'The GPU, its driver or this page has changed since the state was saved. Training continues, but results may differ in their last digits.',
    next: 'What to do:',
    fork: {
      heading: 'This relay signed two different histories of the run',
      what: 'Your node compared what the relay says now with what it signed before, and stopped. It sends nothing more to this relay. A relay that does this can give different bases to different nodes.',
      stepsWithProof: [
        'Download the proof. It is only in this browser, and “Forget me on this device” removes it.',
        'Send it to the other nodes and to the person who runs the relay. It holds hashes and signatures, and nothing of your text.',
        'Contribute again only when they have found the reason.',
      ],
      steps: [
        'Download both files. They are only in this browser, and “Forget me on this device” removes them.',
        'Tell the other nodes and the person who runs the relay. With these files, “tapestry verify” shows where the relay’s journal differs from what it signed.',
        'Contribute again only when they have found the reason.',
      ],
      download: {
        proof: 'Download the proof',
        checkpoint: 'Download the checkpoint',
        receipts: 'Download the receipts',
      },
      check: 'Anyone can check the proof, without trusting you:',
      details: 'What contradicts what',
    },
    forget: 'Forget me on this device',
    forgetHelp:
      'Removes the key, the saved state, the weights and what the relay signed for you, which this page stores in your browser. It stores nothing else.',
    forgotten: 'Everything that this page stored is removed.',
    forgetConfirm: 'Remove them now',
    cancel: 'Cancel',
  },
  unsupported: {
    'insecure-context': {
      heading: 'WebGPU needs a secure address',
      why: 'Browsers offer WebGPU only to https:// and localhost, and this page was loaded over plain http.',
      steps: [
        'Ask the person who runs the relay to start it with --tls auto, and open its https:// address.',
        'If the relay runs on this machine, open http://localhost with the same port instead.',
      ],
    },
    'no-webgpu': {
      heading: 'This browser has no WebGPU',
      why: 'Training runs on your GPU through WebGPU, which this browser does not offer.',
      steps: [
        'Chrome and Edge have it from version 113 on Windows, macOS and ChromeOS, and from 121 on Android.',
        'Safari has it from version 26, on macOS, iOS and iPadOS.',
        'Firefox has it from version 141 on Windows and 145 on Macs with Apple silicon.',
        'On Linux, open chrome://flags in Chrome, enable “Unsafe WebGPU Support” and “Vulkan”, and restart it.',
      ],
    },
    'no-adapter': {
      heading: 'The browser found no GPU that it can use',
      why: 'The browser has WebGPU, but it found no adapter. The driver may be missing or on the browser’s blocklist.',
      steps: [
        'Update the graphics driver, restart the browser and reload this page.',
        'In Chrome or Edge, look at chrome://gpu for the reason; “Override software rendering list” in chrome://flags lifts the blocklist.',
        'Turn on “Use graphics acceleration when available” in the browser’s settings.',
      ],
    },
    headless:
      'This machine can still take part without a browser, with Node or Deno. The README explains how.',
    retry: 'Check again',
  },
  studio: studioWords,
  dashboard: {
    title: 'Dashboard – Tapestry',
    fullScreen: 'Full screen',
    leaveFullScreen: 'Leave full screen',
    facts: (parameters: string, rounds: number, steps: number) =>
      `${parameters} parameters · ${rounds} rounds of ${steps} local steps`,
    round: 'Round',
    ofRounds: (rounds: number) => `of ${rounds}`,
    phases: {
      waiting: 'Waiting for nodes',
      training: 'Training',
      grace: 'Last contributions',
      complete: 'Complete',
    },
    waitingFor: (nodes: number, quorum: number) => `${nodes} of ${quorum} required nodes`,
    contributions: 'Contributions',
    ofTarget: (target: number) => `of ${target}`,
    timeLeft: 'Time left',
    completeHeading: (rounds: number) => `All ${rounds} rounds are complete`,
    completeLoss: (from: string, to: string) => `Held-out loss ${from} → ${to}, as nodes report it`,
    completeProbe: (loss: string) => `Loss ${loss}, measured by the relay`,
    nodes: 'Nodes',
    noNodes: 'No node has joined yet. Nodes appear here when they join.',
    nodesGone: 'All nodes have left.',
    more: (count: number) => `(${count} not shown)`,
    lossShort: 'loss',
    reported: 'Losses, steps, tokens and speeds are as the nodes report them.',
    rate: (tokens: string) => `${tokens}/s`,
    nodeSteps: (done: number, steps: number) => `step ${done} of ${steps}`,
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
    sample: 'Text that the base writes',
    sampleRound: (round: number) => (round === 0 ? 'before the first round' : `after round ${round}`),
    noSample: 'Text that the model writes appears here after the first rounds.',
    join: 'Join',
    joinHow: 'Scan, or open in a browser with WebGPU:',
    joinSteps: ['Scan the code or open the address', 'Choose a text: it stays on your device', 'Press Start'],
    joinClosed: 'This run is complete. The relay serves its base under its hash.',
    qr: (address: string) => `QR code of ${address}`,
    localOnly:
      'This address works on this machine only. For other machines, start the relay with --host 0.0.0.0 --tls auto.',
    insecure: 'Browsers on other machines need https for WebGPU. Start the relay with --tls auto.',
  },
} as const;

/** The type of a catalogue: the same keys as `english`, with other texts. */
type Words<T> = T extends string
  ? string
  : T extends (...values: infer V) => string
    ? (...values: V) => string
    : { readonly [K in keyof T]: Words<T[K]> };
export type Messages = Words<typeof english>;

const catalogues: Readonly<Record<string, Messages>> = { en: english };

const found = navigator.languages
  .map((tag) => tag.split('-', 1)[0] ?? '')
  .find((tag) => Object.hasOwn(catalogues, tag));

/** The BCP 47 tag of the page's language, which is also used to format numbers. */
export const language = found ?? 'en';
export const messages: Messages = catalogues[language] ?? english;
