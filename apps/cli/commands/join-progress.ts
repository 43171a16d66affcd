import type { ContributorEvent } from '../../../client/contribute/contributor.ts';
import type { ContributionFate } from '../../../client/contribute/events.ts';
import { bytes } from '../terminal/table.ts';
import { terminalText } from '../terminal/terminal-text.ts';

const changes = {
  adapter: 'the adapter or its driver changed',
  build: 'this version of Tapestry has other kernels',
  wrong: 'some gave wrong numbers on this adapter',
} as const;

const reasons = {
  refused: 'its contribution was refused',
  closed: 'the round closed first',
  'not-finite': 'its numbers became infinite or NaN; it restarts from the next base',
} as const;

const fates: Readonly<Record<ContributionFate['outcome'], (fate: ContributionFate) => string>> = {
  included: (fate) => `This node’s counts in full${weightOf(fate)}.`,
  scaled: (fate) => `${countsAt(fate)}: in parts it is longer than those of the others.`,
  trimmed: (fate) => `${countsAt(fate)}: some of its values are too unlike those of the others.`,
  capped: (fate) => `${countsAt(fate)}: the run limits the weight of one node.`,
  'left-out': () => 'This node’s was left out: it points against those of the others.',
  'too-fast': (fate) =>
    `${countsAt(fate)}: this node was never so fast before. If it is faster now, it counts in full soon.`,
  short: (fate) => `${countsAt(fate)}: it changes the base less than so many steps should.`,
  copy: () => 'This node’s does not count: it is nearly the same as an earlier one.',
  worse: () => 'This node’s does not count: the base is better on the run’s test text without it.',
  distrusted: (fate) => `${countsAt(fate)}: earlier ones of this node were copies, or made the base worse.`,
  unproven: () =>
    'This node’s does not count yet: the relay tests some nodes in each round, and has not tested this one.',
};

const countsAt = (fate: ContributionFate) => `This node’s counts at ${percent(fate.share)}${weightOf(fate)}`;

const weightOf = ({ weight }: ContributionFate) => `, ${percent(weight)} of the round’s weight`;

/** A contributor's event as a line for a person; null for an event that only programs need. */
export function describe(event: ContributorEvent): string | null {
  switch (event.event) {
    case 'adapter':
      return `Adapter: ${event.name}`;
    case 'measured':
      return (
        `Measured kernels on ${event.adapter}: ${event.sites} shapes, ${(event.milliseconds / 1000).toFixed(1)} s.` +
        (event.left === 0 ? '' : ` ${event.left} more are guessed; "tapestry bench tune" measures all.`)
      );
    case 'kernels-changed':
      return `Resumed with other kernels (${changes[event.change]}): results differ in their last bits.`;
    case 'kernels-demoted':
      return (
        `${event.adapter} gave a wrong answer to a known training step with these kernels: ${event.kernels.join('; ')}.` +
        ' It uses the reference kernels in their place from now on.'
      );
    case 'joined':
      return (
        `Joined "${terminalText(event.name)}" at round ${event.round} of ${event.rounds} as ${event.node.slice(0, 16)}` +
        ` (${terminalText(event.corpus ?? 'own text')}): ${event.parameters.toLocaleString('en')} parameters,` +
        ` ${bytes(event.trainingBytes)} to train.`
      );
    case 'restored':
      return `Resumed from the saved state (round ${event.round}, ${event.steps} steps).`;
    case 'fresh':
      return `The saved state cannot be used (${terminalText(event.reason)}); the node starts from the current base.`;
    case 'round-resumed':
      return `Round ${event.round} goes on after step ${event.step} of ${event.steps}, where it was stored.`;
    case 'round-returned':
      return `Round ${event.round} closed meanwhile: its ${event.steps} steps count with the next delta.`;
    case 'round-lost':
      return `The stored round cannot be used (${terminalText(event.reason)}) and begins anew.`;
    case 'snapshot-failed':
      return `Round ${event.round} cannot be stored (${terminalText(event.reason)}): it would be lost if this node stopped now.`;
    case 'synced':
      return event.bytes === 0 ? null : `Fetched base ${short(event.base)}: ${bytes(event.bytes)}.`;
    case 'plan':
      return event.tooShort
        ? `Round ${event.round} lasts ${seconds(event.plannedMilliseconds + event.graceMilliseconds)}, and this node needs ` +
            `${seconds(event.trainingMilliseconds)} for its least steps and ${seconds(event.uploadMilliseconds)} for its ` +
            'upload: its contribution may be late. A node whose work is late again and again only follows the run; a faster ' +
            'adapter, more --power or a faster network makes it count.'
        : `Round ${event.round} asks for work for ${seconds(event.leftMilliseconds)} more.`;
    case 'round':
      return `Round ${event.round}: ${event.steps} steps; held-out loss of the base ${event.heldOutLoss.toFixed(4)}.`;
    case 'last-base':
      return `The run’s last base: held-out loss ${event.heldOutLoss.toFixed(4)}.`;
    case 'step':
      return `  step ${event.step}/${event.steps}  loss ${event.loss.toFixed(4)}  ${Math.round(event.tokensPerSecond)} tokens/s`;
    case 'contribution':
      return `Offers ${bytes(event.payloadBytes)} for ${event.tokens} tokens (${short(event.payload)}).`;
    case 'encoding-on-processor':
      return (
        `The graphics card cannot encode deltas (${terminalText(event.reason)}), so the processor does: they are the same, and ` +
        'take longer to make.'
      );
    case 'acknowledged':
      return `The relay holds the contribution to round ${event.round}.`;
    case 'refused':
      return `The relay refused: ${event.code}.`;
    case 'dropped':
      return `This node takes no part in round ${event.round}: ${reasons[event.reason]}.`;
    case 'committed':
      return (
        `Round ${event.round} made base ${short(event.base)} from ${counted(event.contributions)}.` +
        (event.fate === null ? '' : ` ${fates[event.fate.outcome](event.fate)}`)
      );
    case 'following':
      return (
        `Round ${event.round} closed ${late[event.was](event)}. This node now only follows the run, and takes part again ` +
        `after ${event.rounds} rounds.`
      );
    case 'part':
      return partChange(event);
    case 'abandoned':
      return (
        `Round ${event.round} made no base and opens again: it had too few contributions, or its base was worse on ` +
        'held-out text than the run allows.'
      );
    case 'retry':
      return `${terminalText(event.message)} Retry in ${(event.milliseconds / 1000).toFixed(1)} s. ${terminalText(event.next)}`;
    case 'device-lost':
      return `The adapter was lost (${event.reason}); training resumes after step ${event.step} of round ${event.round}.`;
    case 'paused':
      return 'Paused.';
    case 'resumed':
      return 'Resumed.';
    case 'finishing':
      return 'Leaves after this round.';
    case 'left': {
      const { tokens, contributions } = event;
      return `Left (${event.reason}): ${counted(contributions)}, ${tokens.toLocaleString('en')} tokens.`;
    }
    case 'corpus':
    case 'compiled':
    case 'syncing':
    case 'snapshot':
    case 'sent':
      return null;
  }
}

/** What of the model a node trains from now on, and why. */
function partChange({ part, layers, of, why }: Extract<ContributorEvent, { event: 'part' }>): string {
  const upper = `This node now trains the upper ${layers} of ${of} layers, and its contributions count there`;
  switch (why.kind) {
    case 'time': {
      const lasts = seconds(why.lastsMilliseconds);
      const needs =
        `needs ${seconds(why.trainingMilliseconds)} for the least steps and ${seconds(why.uploadMilliseconds)} for the upload ` +
        `on this node, and a round lasts ${lasts}`;
      return part === 'upper'
        ? `${upper}: the whole model ${needs}.`
        : `This node trains the whole model again: that ${needs}.`;
    }
    case 'late':
      return `${upper}: its work on the whole model came too late for ${why.rounds} rounds in a row.`;
    case 'memory':
      return (
        `${upper}: its adapter lacks the memory to train the whole model` +
        (why.bytes === null ? '.' : `, which takes ${bytes(why.bytes)}.`)
      );
    case 'trial':
      return 'This node tries whether the whole model is in time now.';
  }
}

type Following = Extract<ContributorEvent, { event: 'following' }>;

const late: Readonly<Record<Following['was'], (event: Following) => string>> = {
  syncing: () => 'while this node was still fetching its base',
  training: ({ steps, localSteps }) => `when this node had done ${steps} of ${localSteps} steps`,
  sending: ({ steps }) => `when this node had done ${steps} steps and was still sending its delta`,
};

const counted = (contributions: number) => `${contributions} contribution${contributions === 1 ? '' : 's'}`;

const percent = (share: number) => `${(share * 100).toFixed(1)}%`;

const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;

const short = (hash: string) => hash.slice(0, 12);
