import { plural } from './grammar.ts';

/** Every text of the page that contributes to a run. */
export const contributeWords = {
  description: 'Train a shared language model on text that stays on your device.',
  title: 'Contribute – Tapestry',
  heading: 'Help train a language model. Your text stays here.',
  what: 'Your GPU trains a shared model on text of your choice. Only changes to the model’s numbers are sent, and merged with those of other nodes.',
  newTab: '(opens a new tab)',
  dashboard: 'Dashboard',
  run: (name: string, parameters: number) =>
    `“${name}”, ${plural(parameters, { one: 'a model of # parameter', other: 'a model of # parameters' })}.`,
  gpu: 'Your GPU',
  probing: 'Looking for your GPU…',
  software: 'This is a software adapter: it computes on the processor. It works, but more slowly than a GPU.',
  text: 'Your text',
  corpusChoice: 'A built-in corpus',
  corpusLabel: 'Corpus',
  corpusHelp: (languages: number) =>
    plural(languages, {
      one: 'The Universal Declaration of Human Rights in # language:',
      other: 'The Universal Declaration of Human Rights in # languages:',
    }),
  filesChoice: 'Your own files',
  filesLabel: 'Files',
  filesHelp:
    'Plain text or Markdown in UTF-8, UTF-16 or Windows-1252, or JSONL with a “text” field. Only this tab reads the files.',
  textReading: 'Reading the files…',
  textFirstLines: (size: string) => `${size} of text can be used. It begins:`,
  filesChosen: (count: number, size: string) =>
    `${plural(count, { one: '# file', other: '# files' })}, ${size}`,
  filesLost: (names: string) => `The page was reloaded. Choose these files again: ${names}.`,
  filesNeeded: 'Choose at least one file, or paste a text.',
  pastedLabel: 'Or paste a text',
  pastedHelp: 'Only this tab reads it. It is not stored.',
  pastedName: 'pasted text',
  pastedLost: 'The page was reloaded. Paste the text again.',
  notAddresses:
    'This is an address. This page reads no other sites: open the address, copy the text, and paste it here.',
  dropHere: 'Or drop files and folders here.',
  token: 'Join token',
  tokenHelp: 'Ask the person who runs this relay for the token.',
  tokenNeeded: 'This relay requires a join token.',
  power: 'Power',
  powerHelp: 'Lower power leaves more of the GPU for your other work.',
  start: 'Start',
  again: 'Start again',
  pause: 'Pause',
  resume: 'Resume',
  finish: 'Finish',
  finishHelp:
    'Finish completes and sends your current round, then leaves. You may also close the tab: your round is stored on this device, and goes on if you come back before its end.',
  state: {
    checking: 'Getting ready',
    ready: 'Ready',
    starting: 'Starting',
    joining: 'Joining the relay',
    compiling: 'Compiling the kernels',
    syncing: 'Fetching the base',
    training: 'Training',
    sending: 'Sending your delta',
    waiting: 'Waiting for the next round',
    retrying: 'Connection lost, trying again',
    paused: 'Paused',
    following: 'Following the run',
    finishing: 'Finishing this round',
    finished: 'Finished. Thank you.',
    complete: 'The run is complete. Thank you.',
    failed: 'Stopped',
    over: 'The run is complete',
    unsupported: 'This browser cannot train',
  },
  progress: (round: number, rounds: number, step: number, steps: number) =>
    `Round ${round} of ${rounds}, step ${step} of ${steps}`,
  lobby: (nodes: number) =>
    plural(nodes, {
      one: '# node is here. Training begins when the presenter starts the run.',
      other: '# nodes are here. Training begins when the presenter starts the run.',
    }),
  lobbyJoin: (nodes: number) =>
    plural(nodes, {
      one: '# node is here. Press Start to join: training begins when the presenter starts the run.',
      other: '# nodes are here. Press Start to join: training begins when the presenter starts the run.',
    }),
  held: 'The presenter pauses the run. It goes on when the presenter says so.',
  retrying: (attempt: number, seconds: number) => `Attempt ${attempt}, in ${seconds} s.`,
  retryNow: 'Try now',
  launch: {
    label: 'Steps of the start',
    join: 'Join',
    compile: 'Compile',
    fetch: 'Fetch',
    train: 'Train',
    done: '(done)',
  },
  roundEnds: (time: string) => `This round is done about ${time}.`,
  roundCutOff: (time: string) => `The deadline ends this round at ${time}, before your last step.`,
  runEnds: (time: string) => `The run is done about ${time}.`,
  tabProgress: (percent: string, round: number, rounds: number) => `${percent} · round ${round} of ${rounds}`,
  options: 'How much, how long',
  stopAfter: 'Stop after',
  stopNever: 'The end of the run',
  stopRounds: (rounds: number) => plural(rounds, { one: '# round', other: '# rounds' }),
  pauseFor: 'Minutes of pause',
  minutes: 'min',
  pauseForButton: 'Pause for this time',
  away: {
    heading: 'When you are away',
    hidden: 'The page goes on training while it is hidden or behind other windows.',
    onBattery: 'Pause on battery',
    onlyIdle: 'Train only while nobody uses the device',
    idleDevice: 'That is after 3 minutes without a key or pointer on this device.',
    idlePage:
      'This browser tells the page nothing of your other programs. So it trains after 3 minutes without a key or pointer in this page.',
    weekly: 'Train only at weekly times',
    weeklyHelp: 'Local time. Where the end is not after the begin, it is on the next day.',
    from: 'From',
    to: 'To',
    dayNeeded: 'No day is chosen, so the times do not count.',
    tone: 'Play an inaudible tone while training',
    toneHelp:
      'Chrome slows down a hidden tab, but not one that plays sound. You hear nothing; the tab shows a loudspeaker.',
    reasons: {
      person: 'You paused.',
      timed: (time: string) => `You paused. Training resumes at ${time}.`,
      weekly: (time: string) => `It is outside your weekly times. Training goes on at ${time}.`,
      battery: 'The device runs on battery. Training goes on when it is plugged in.',
      device: 'You use this device. Training goes on after 3 minutes without a key or pointer.',
      page: 'You use this page. Training goes on after 3 minutes without a key or pointer here.',
    },
  },
  otherTab: {
    heading: 'Another tab of this browser is training',
    why: 'That tab goes on, and nothing is lost. One tab uses all of the GPU, so this one only watches.',
    title: 'Its title now:',
    show: 'Show me that tab',
    showHelp:
      'The tab comes to the front where the browser allows it; otherwise its title begins with “Here”.',
    called: (title: string) => `Here: ${title}`,
  },
  times: (count: number) => plural(count, { one: '(# time)', other: '(# times)' }),
  tooSlow: (needs: string, gives: string) =>
    `Your device needs about ${needs} min a round, and this run gives ${gives} min.`,
  tooSlowNext:
    'Set the power to 100%, close other programs that use the GPU, or contribute from a faster device.',
  yours: 'Your part',
  tokens: 'Tokens you contributed',
  share: 'Share of the run',
  rank: 'Rank among the nodes here',
  rankValue: (rank: number, nodes: number) => `${rank} of ${nodes}`,
  roundsCounted: 'Rounds that counted, in this tab',
  accepted: 'Contributions accepted',
  counted: 'The last one counts',
  speed: 'Tokens per second',
  corpusTokens: 'Tokens of your text',
  pass: 'One pass over your text',
  passMinutes: (minutes: string) => `about ${minutes} min`,
  passShort: 'under 1 min',
  receipts: {
    download: 'Download your receipts',
    help: 'The relay signs a receipt for each contribution that it accepts. The file holds the newest 256 of this run, and nothing of your text.',
    check: 'Anyone can check that the run holds your contributions:',
    saved: (name: string) => `Saved as ${name}.`,
    none: 'This browser has no receipt of this run yet.',
  },
  sent: 'Data sent',
  sentType: 'Message',
  sentBytes: 'Bytes',
  sentNames: {
    join: 'Join: your key and its signature',
    offer: 'Offer: hash, counts and losses of a delta',
    chunk: 'Chunk: the delta, encoded',
    heartbeat: 'Heartbeat: “I am here”, steps, loss',
    leave: 'Leave: goodbye',
  },
  sentTotal: 'Total sent',
  received: 'Received by this node (bases, deltas and messages)',
  pageItself: 'This page itself (scripts, pictures, status), not the node',
  notSent: 'Your text was not sent, and cannot be.',
  notSentWhy:
    'The relay accepts only these five messages. None of them has a field for text, and each has a fixed size. Your text stays in a worker that can connect only to this relay.',
  schema: 'Read every message',
  audit: 'Check how the relay merged it',
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
    trimmed: (percent: string) => `at ${percent}: some values are too unlike the others’`,
    capped: (percent: string) => `at ${percent}: the run limits the weight of one node`,
    'left-out': () => 'left out',
    'too-fast': (percent: string) => `at ${percent}: this device was never so fast before`,
    short: (percent: string) => `at ${percent}: it changes the base less than so many steps should`,
    copy: () => 'not counted: nearly the same as an earlier one',
    worse: () => 'not counted: the base is better on the run’s test text without it',
    distrusted: (percent: string) =>
      `at ${percent}: earlier ones of this device were copies, or made the base worse`,
    unproven: () => 'not counted yet: the relay has not tested this device',
  },
  abandoned: (round: number) =>
    `Round ${round} made no base and opens again: it had too few contributions, or its base was worse on held-out text than the run allows.`,
  deviceLost: (round: number, step: number) =>
    `The GPU device was lost and has been opened again. Round ${round} resumes after step ${step}.`,
  storedRound: {
    resumed: (round: number, step: number) =>
      `Round ${round} goes on after step ${step}, where this browser stored it.`,
    returned: (round: number, steps: number) =>
      `Round ${round} closed while this page was gone. What its ${plural(steps, { one: 'step', other: '# steps' })} learned goes into your next contribution.`,
    lost: (code: string) =>
      `The round that this browser stored cannot be used (${code}). Your node begins it anew.`,
    failed: (round: number) =>
      `This browser could not store round ${round}. If the page closes now, its steps are lost.`,
    failedNext: 'Free some space on this device. Your node tries again by itself.',
  },
  tooShort: (round: number, lasts: string, training: string, upload: string) =>
    `Round ${round} lasts ${lasts}. This device needs ${training} for its least steps and ${upload} for its upload, so its ` +
    'contribution may be late.',
  tooShortNext:
    'A device whose work is late again and again only follows the run. More power, a faster device or a faster network makes it count.',
  part: {
    upper: (layers: number, of: number) =>
      `This device trains the upper layers of the model (${layers} of ${of}).`,
    time: (lasts: string, training: string, upload: string) =>
      `A round lasts ${lasts}. For the whole model this device needs ${training} for its least steps and ${upload} for its upload.`,
    late: 'Its work on the whole model was too late time after time.',
    memory: 'It lacks the memory to train the whole model.',
    next: 'Nothing: its contributions count for these layers. Once the whole model fits into a round, it trains that again.',
    memoryNext: 'Nothing: its contributions count for these layers.',
    whole: 'This device trains the whole model again.',
  },
  follows: {
    syncing: (round: number) => `Round ${round} closed while this device was still fetching its base.`,
    training: (round: number, steps: number, localSteps: number) =>
      `Round ${round} closed when this device had done ${steps} of ${localSteps} steps.`,
    sending: (round: number, steps: number) =>
      `Round ${round} closed when this device had done ${steps} steps and was still sending its delta.`,
    rounds: (rounds: number) => `It now only follows the run, and takes part again after ${rounds} rounds.`,
  },
  followsNext:
    'Nothing, or more power: with more it takes part at once. A faster device or a faster network helps too.',
  notFinite: (round: number) =>
    `Training in round ${round} gave numbers that are not finite, so nothing was sent. Training continues from the next base.`,
  kernelsChanged:
    'The GPU, its driver or this page has changed since the state was saved. Training continues, but results may differ in their last digits.',
  kernelsDemoted:
    'A test step showed that your GPU computes wrong numbers with some of its programs. Slower ones, which are right, replace them on this device.',
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
    'Removes the key, the saved state, the weights, what the relay signed for you, your votes on texts, your choices, and the page’s own files, which this page stores in your browser. It stores nothing else.',
  forgotten: 'Everything that this page stored is removed.',
  forgetConfirm: 'Remove them now',
  cancel: 'Cancel',
} as const;
