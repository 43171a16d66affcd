/**
 * Every sentence that the pages show. To add a language, write another object of type `Messages`, put it into
 * `catalogues` under its BCP 47 tag, and the pages pick it by the reader's browser.
 */
const english = {
  brand: 'Tapestry',
  theme: {
    label: 'Colours',
    system: 'Colours: as the system',
    light: 'Colours: light',
    dark: 'Colours: dark',
  },
  skip: 'Skip to the main part',
  hosts: { browser: 'Browser tab', node: 'Node', deno: 'Deno' },
  states: {
    syncing: 'Fetching',
    training: 'Training',
    uploading: 'Sending',
    waiting: 'Waiting',
    paused: 'Paused',
  },
  ownText: 'own text',
  unlistedNation: 'other',
  connection: {
    connecting: 'Connecting…',
    live: 'Live',
    stale: 'Out of date',
    staleSince: (time: string) => `Nothing heard from the relay for ${time}. Trying again…`,
    unreadable: 'The relay speaks a newer language than this page. Reload the page.',
  },
  cloth: {
    label: 'Progress of the run',
    value: (done: number, rounds: number) => `${done} of ${rounds} rounds committed`,
    legend: 'One strand a nation, one pick a round: colour where the nation took part.',
  },
  loss: {
    title: 'Loss',
    unit: 'nats a token; nations on text held out from training',
    training: 'Training, all nodes',
    own: 'Your training loss',
    ownHeldOut: 'Base on your held-out text',
    round: 'Round',
    step: 'Step',
    empty: 'The curve starts when the first round commits.',
    ownEmpty: 'The curve starts with your first steps.',
    summary: (from: string, to: string) => `Loss went from ${from} to ${to}.`,
  },
  contribute: {
    title: 'Contribute – Tapestry',
    heading: 'Help train a language model. Your text stays here.',
    what: 'This page trains a shared language model on your GPU, with text of your choice. Only small changes to the model’s numbers are sent to the relay, which weaves them together with everyone else’s.',
    dashboard: 'Dashboard',
    run: (name: string, parameters: string) =>
      `You are joining “${name}”, a model of ${parameters} parameters.`,
    gpu: 'Your GPU',
    probing: 'Looking for your GPU…',
    software:
      'This is a software adapter: it computes on the processor. It works and counts, only more slowly.',
    text: 'Your text',
    nationChoice: 'A nation of the built-in corpus',
    nationLabel: 'Nation',
    nationHelp: (languages: number) =>
      `The Universal Declaration of Human Rights in ${languages === 1 ? '1 language' : `${languages} languages`}:`,
    filesChoice: 'Your own files',
    filesLabel: 'Files',
    filesHelp:
      'Plain text or Markdown in UTF-8, or JSONL with a “text” field. They are read in this tab only.',
    filesChosen: (count: number, size: string) => `${count === 1 ? '1 file' : `${count} files`}, ${size}`,
    filesNeeded: 'Choose at least one file.',
    token: 'Join token',
    tokenHelp: 'The person who runs this relay has given it to you.',
    tokenNeeded: 'This relay asks for a join token.',
    power: 'Power',
    powerHelp: 'Less leaves more of the machine for you.',
    powerValue: (percent: number) => `${percent}%`,
    start: 'Start',
    again: 'Start again',
    pause: 'Pause',
    resume: 'Resume',
    finish: 'Finish',
    finishHelp:
      'Finish sends the round you work on, then leaves. Closing the tab is fine too: your round is dropped and nobody waits.',
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
    speed: 'Tokens a second',
    sent: 'What was sent',
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
      'These five messages are all that the relay accepts. None has a place for text, each has a fixed size, and your text lives in a worker that may talk to this relay and to nothing else.',
    schema: 'Read every message',
    limits: 'What a delta can still reveal',
    limitsText:
      'A delta is made from your text, and research shows that parts of a text can be guessed from such numbers. The relay of this run sees each delta. Do not contribute secrets.',
    notices: 'Notices',
    refused: (code: string, round: number) => `The relay refused your part of round ${round} (${code}).`,
    dropped: (round: number) =>
      `Your part of round ${round} came too late or could not be used; the next round goes on.`,
    abandoned: (round: number) => `Round ${round} had too few contributions and was abandoned.`,
    deviceLost: (round: number, step: number) =>
      `The GPU went away and was opened again; round ${round} goes on after step ${step}.`,
    notFinite: (round: number) =>
      `The numbers of round ${round} were not finite any more, so nothing of it was sent; training begins afresh from the next base.`,
    kernelsChanged:
      'The GPU, its driver or this page computes in another way than when the saved state was made. Training goes on; results may differ in their last digits.',
    connectionLost: 'The connection to the relay was lost.',
    next: 'What to do:',
    forget: 'Forget me on this device',
    forgetHelp:
      'Removes the key, the saved state and the weights that this page keeps in your browser. Nothing else is kept.',
    forgotten: 'Everything this page kept is removed.',
    forgetConfirm: 'Remove them now',
    cancel: 'Cancel',
  },
  unsupported: {
    'insecure-context': {
      heading: 'WebGPU needs a secure address',
      why: 'Browsers give WebGPU to https:// and localhost only, and this page came over plain http.',
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
      heading: 'The browser found no GPU it may use',
      why: 'WebGPU is there, but gave no adapter: the driver may be missing or on the browser’s blocklist.',
      steps: [
        'Update the graphics driver, restart the browser and reload this page.',
        'In Chrome or Edge, look at chrome://gpu for the reason; “Override software rendering list” in chrome://flags lifts the blocklist.',
        'Turn on “Use graphics acceleration when available” in the browser’s settings.',
      ],
    },
    headless: 'This machine can still take part without a browser, from Node or Deno: the README says how.',
    retry: 'Look again',
  },
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
    waitingFor: (nodes: number, quorum: number) => `${nodes} of the ${quorum} nodes it needs`,
    contributions: 'Contributions',
    ofTarget: (target: number) => `of ${target}`,
    timeLeft: 'Time left',
    completeHeading: (rounds: number) => `Woven: all ${rounds} rounds`,
    completeLoss: (from: string, to: string) => `Held-out loss ${from} → ${to}`,
    nodes: 'Nodes',
    noNodes: 'No node is here yet. The first one to join appears in this place.',
    nodesGone: 'All nodes have gone.',
    more: (count: number) => `(${count} not shown)`,
    lossShort: 'loss',
    rate: (tokens: string) => `${tokens}/s`,
    nodeSteps: (done: number, steps: number) => `step ${done} of ${steps}`,
    totals: 'Together',
    tokens: 'Tokens',
    tokensPerSecond: 'Tokens a second',
    accepted: 'Contributions accepted',
    moved: 'Bytes moved',
    less: (times: string) => `${times} less than data-parallel training`,
    dataParallel: (bytes: string) => `Exchanging gradients at every step would have moved ${bytes}.`,
    base: 'Base',
    baseFile: (size: string) => `${size} of 32-bit floats`,
    verify: 'Anyone can make it again from the journal, bit for bit:',
    sample: 'What the base writes',
    sampleRound: (round: number) => (round === 0 ? 'before the first round' : `after round ${round}`),
    noSample: 'A sample of the model’s own writing appears here after the first rounds.',
    join: 'Join',
    joinHow: 'Scan, or open in a browser with WebGPU:',
    joinSteps: ['Scan the code or open the address', 'Choose a text: it stays on your device', 'Press Start'],
    joinClosed: 'This run is complete. Its base is published under its hash.',
    qr: (address: string) => `QR code of ${address}`,
    localOnly:
      'This address works on this machine only. For other machines, start the relay with --host 0.0.0.0 --tls auto.',
    insecure: 'Tabs on other machines need https for WebGPU. Start the relay with --tls auto.',
  },
} as const;

/** The catalogue's shape: the same places, any words. */
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

/** The BCP 47 tag of the words on the page; numbers are written its way too. */
export const language = found ?? 'en';
export const messages: Messages = catalogues[language] ?? english;
