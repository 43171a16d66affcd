import { plural } from './grammar.ts';

/** Every text of the audit page, in English. */
export const auditWords = {
  description: 'Derives every base of a Tapestry run again in this browser.',
  title: 'Audit – Tapestry',
  heading: 'Check this run yourself',
  what: 'This browser reads the run’s journal and every contribution, and derives each base from the first one again. Each must match bit for bit.',
  token: 'Join token',
  tokenHelp: 'Only where the run shows its contributions to members alone.',
  start: 'Start the audit',
  again: 'Audit again',
  stop: 'Stop',
  reading: 'Reading the journal…',
  derived: (round: number, rounds: number) => `Round ${round} of ${rounds} derived again`,
  progress: 'Progress of the audit',
  intact: 'Intact: nothing was changed',
  changed: (problems: number) => plural(problems, { one: '# problem found', other: '# problems found' }),
  summary: (rounds: number, contributions: number, entries: number, time: string) =>
    [
      plural(rounds, { one: '# base', other: '# bases' }),
      ' derived again bit for bit, from ',
      plural(contributions, { one: '# contribution', other: '# contributions' }),
      ' and ',
      plural(entries, { one: '# journal entry', other: '# journal entries' }),
      `, in ${time}.`,
    ].join(''),
  partly: (rounds: number, contributions: number, entries: number, time: string) =>
    [
      `Bases derived again: ${rounds}. Read: `,
      plural(contributions, { one: '# contribution', other: '# contributions' }),
      ' and ',
      plural(entries, { one: '# journal entry', other: '# journal entries' }),
      `, in ${time}.`,
    ].join(''),
  older: (last: number) =>
    `The contributions of rounds 1 to ${last} are no longer kept, as the run’s manifest says: the first base that was derived is that of round ${last + 1}.`,
  unsigned: (entries: number) =>
    plural(entries, {
      one: 'The relay’s signature does not cover the newest journal entry yet.',
      other: 'The relay’s signature does not cover the newest # journal entries yet.',
    }),
  run: 'Run',
  relayKey: 'Relay’s key',
  base: 'Last base derived',
  compare:
    'Compare the run and the key with those that you were given. This page comes from the relay that it checks: to trust neither, run this on a machine of your own:',
  nextWord: 'What to do:',
  next: {
    'relay.closed-to-readers': 'Enter the run’s join token, and start the audit again.',
    'relay.blob-too-large': 'Audit this run with `tapestry verify`, which reads larger models than a tab.',
    'relay.unreachable': 'Check that the relay is running, and start the audit again.',
    'relay.cut-off': 'Start the audit again.',
    'relay.fault': 'Start the audit again later. If the error persists, tell the relay’s operator.',
    'run.missing': 'Choose the folder that holds journal.sqlite and blobs.',
    'run.unreadable': 'Choose the folder again. It must not change while it is read.',
    'run.moved-on': 'Start the audit again. It begins at a later round.',
  },
  flip: 'Flip one bit of this delta, and audit again',
  flipped: (round: number, node: string) =>
    `This browser flipped one bit of the delta of round ${round}, node ${node}, to show that the audit finds it. The run itself was not changed.`,
  receipts: 'Your receipts',
  receiptsHelp:
    'Was your part merged? Choose receipts-….txt and checkpoint-….txt from the folder of your node. They stay in this browser.',
  folder: 'A run’s folder',
  folderHelp:
    'Check a relay’s data folder, or a copy of it, instead of the relay. You can also drop it on this page. It stays in this browser and needs no network. Copy the folder of a running relay first.',
  chooseFolder: 'Choose a folder',
  folderGiven: (name: string) => `Checking the folder ${name}`,
  relayInstead: 'Check the relay again',
  dropHere: 'Drop a run’s folder',
  dropHelp: 'It is checked here, and nothing leaves this browser.',
  reportHelp:
    'The report says what was checked and found, and is signed by a key that stays in this browser. Others check it with:',
  saveReport: 'Save the signed report',
  saveText: 'Save it as text',
  receiptsHeading: (count: number) => plural(count, { one: 'Your receipt', other: 'Your # receipts' }),
  receipt: (sequence: number, round: number | null) =>
    round === null ? `Entry ${sequence}` : `Entry ${sequence}, round ${round}`,
  receiptRefuted: 'The journal does not hold the contribution of this receipt: see the problems above.',
  grid: 'Contributions',
  gridHelp:
    'Rows are nodes, columns are rounds. Arrow keys move; choose a contribution to see each step of its check.',
  gridEmpty: 'Contributions appear here as their rounds are derived.',
  node: 'Node',
  earlier: 'Earlier rounds',
  later: 'Later rounds',
  roundsShown: (from: number, to: number, all: number) => `Rounds ${from} to ${to} of ${all}`,
  moreNodes: (count: number) => plural(count, { one: 'Show # more node', other: 'Show # more nodes' }),
  states: {
    derived: 'part of a base that was derived again',
    'left-out': 'not counted, as derived',
    changed: 'changed',
    'not-merged': 'not merged',
    'not-kept': 'no longer kept',
    waiting: 'not checked yet',
    unreached: 'not checked: a problem came first',
  },
  cell: (round: number, node: string, state: string) => `Round ${round}, node ${node}: ${state}`,
  roundChanged: (round: number) => `Round ${round}: a problem was found here`,
  chosen: (round: number, node: string) => `Round ${round}, node ${node}`,
  attempt: (index: number, all: number) => `Contribution ${index} of ${all}: the round was opened again.`,
  facts: (tokens: number, steps: number, bytes: string) =>
    [
      plural(tokens, { one: '# token', other: '# tokens' }),
      plural(steps, { one: ' in # step', other: ' in # steps' }),
      `, ${bytes}`,
    ].join(''),
  steps: {
    entry: (sequence: number) => `Journal entry ${sequence} is chained to the one before`,
    signature: 'The node signed its offer',
    payload: 'The delta has the hash that the node signed',
    delta: 'The delta lies on the run’s grid, within its norm',
    base: 'Merged with the round’s other deltas it gives the base in the journal',
    'base-without': 'The merge rule leaves it out, and the others give the base in the journal',
    checkpoint: 'The relay signed the journal before this round’s commit',
  },
  results: {
    held: 'Holds',
    changed: 'Does not hold',
    waiting: 'Not yet',
    unreached: 'Not reached',
    'not-kept': 'No longer kept',
    'not-merged': 'Not merged',
  },
} as const;
