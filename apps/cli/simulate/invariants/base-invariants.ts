import { lossOf } from '../../../../relay/journal/entry.ts';
import type { Hash } from '../../../../relay/wire/hex.ts';
import { type BaseOptions, lossOfBase } from '../relay/base-options.ts';
import type { VirtualContribution, VirtualEntry } from '../relay/journal.ts';
import { baseHash, type Counted, meanDelta, parameters, type VirtualBase } from '../world/virtual-base.ts';
import { broken } from './invariant.ts';
import { delayedModel, firstState, type ModelState, nesterovModel, type OuterModel } from './outer-model.ts';

/** Checks the outer step of each base, and what the guard publishes, against rules of its own over the journal's entries. */
export class BaseInvariants {
  readonly #guard: BaseOptions['guard'];
  readonly #outer: { readonly step: OuterModel; readonly vectors: number } | null;
  #state = firstState(Array.from({ length: parameters }, () => 0));
  /** Payloads of attempts that the guard ended: they never count. */
  readonly #spoiled = new Set<Hash>();
  /** The losses of the initial base, and of the committed ones. */
  readonly #losses: number[];

  constructor({ outer, guard }: BaseOptions, first: VirtualBase) {
    this.#guard = guard;
    this.#outer = outer === undefined ? null : modelOf(outer);
    this.#losses = [Math.fround(lossOfBase(first))];
  }

  isSpoiled(payload: Hash): boolean {
    return this.#spoiled.has(payload);
  }

  accepted({ node, payload }: VirtualContribution): void {
    if (this.isSpoiled(payload))
      broken(
        'guard-decides',
        `node ${node} contributes ${payload} again, whose base the guard did not allow`,
      );
  }

  /** Checks the base of a commit: `sums` are those of `counted`, before the outer step. */
  committed(
    { base, loss, round }: VirtualEntry & { readonly kind: 'round-committed' },
    sums: VirtualBase,
    counted: Counted,
  ): void {
    this.#state = this.#outer?.step(this.#state, [...meanDelta(counted)], round) ?? this.#state;
    if (baseHash(base) !== baseHash(this.#with(sums, this.#state)))
      broken('outer-step', `the base of round ${round} is not what its outer step gives`);
    if (this.#guard === undefined) return;
    const measured = measuredLoss(base, loss);
    if (measured > this.#most(this.#guard))
      broken('guard-decides', `a base with loss ${measured} is published`);
    this.#losses.push(measured);
  }

  /** The guard ended an attempt at a round whose contributions are `counted`. */
  refused(
    { loss, round }: VirtualEntry & { readonly kind: 'round-abandoned' },
    sums: VirtualBase,
    counted: Counted,
  ): void {
    for (const { payload } of counted) this.#spoiled.add(payload);
    const state = this.#outer?.step(this.#state, [...meanDelta(counted)], round) ?? this.#state;
    const measured = measuredLoss(this.#with(sums, state), loss);
    if (this.#guard === undefined || measured <= this.#most(this.#guard))
      broken('guard-decides', `a base with loss ${measured} is not published`);
  }

  #with(sums: VirtualBase, { base, momentum, buffer }: ModelState): VirtualBase {
    if (this.#outer === null) return sums;
    const state = [base, momentum, buffer].slice(0, this.#outer.vectors);
    return { ...sums, state: state.map((values) => Float32Array.from(values)) };
  }

  /** The greatest loss that is allowed. The initial base counts until there is another. */
  #most({ maxIncrease, rounds }: NonNullable<BaseOptions['guard']>): number {
    const [, ...committed] = this.#losses;
    return Math.min(...(committed.length === 0 ? this.#losses : committed.slice(-rounds))) + maxIncrease;
  }
}

/** The loss of a base, which the journal must have. */
function measuredLoss(base: VirtualBase, loss: string | null): number {
  const measured = Math.fround(lossOfBase(base));
  if (loss === null || lossOf(loss) !== measured)
    broken(
      'guard-decides',
      `the journal has the loss ${loss} for ${baseHash(base)}, whose loss is ${measured}`,
    );
  return measured;
}

function modelOf({ outer }: NonNullable<BaseOptions['outer']>) {
  switch (outer.case) {
    case 'nesterov':
      return { step: nesterovModel(outer.value), vectors: 2 };
    case 'delayedNesterov': {
      const { correction, ...settings } = outer.value;
      const heloco = correction.case === 'heloco' ? correction.value : null;
      return { step: delayedModel({ ...settings, correction: heloco }), vectors: 3 };
    }
    default:
      throw new RangeError(`no model of the outer step ${outer.case}`);
  }
}
