import { isLanguage, LanguageGuess } from '../../../data/udhr/language-guess.ts';
import { TapestryError } from '../../../errors.ts';
import type { Device } from '../../../gpu/device.ts';
import type { Isolate, Runtime } from '../../../runtime.ts';
import { plain, type Turns } from '../../data/row.ts';
import { IsolatedFunction } from '../../function/isolated-function.ts';
import { compilePattern } from '../../patterns.ts';
import type { RewardRule } from '../../recipe/reinforce.ts';
import { RewardModel, type RewardWeights } from '../../reward/reward-model.ts';

/** A completion to reward, the prompt that it answers and, if the row has one, the row's own answer. */
export interface Rewarded {
  readonly prompt: Turns;
  readonly completion: string;
  readonly answer: string | null;
}

/** What the rules of a stage name, read from where it lies. */
export interface RewardSources {
  /** The reward models of the rules `judge`, by the rules' paths. */
  readonly judges: ReadonlyMap<string, RewardWeights>;
  /** The source text of the rules `function`, by the rules' paths. */
  readonly functions: ReadonlyMap<string, string>;
}

/** The sources of rules that name nothing. */
export const noSources: RewardSources = { judges: new Map(), functions: new Map() };

export interface RewardsOptions {
  readonly rules: readonly RewardRule[];
  readonly sources: RewardSources;
  /** Where judges score; others use it too. */
  readonly device: Device;
  readonly cache: Runtime['cache'];
  /** Starts a thread whose program is `serveFunction`; undefined where a host has none. */
  readonly startFunction: (() => Isolate) | undefined;
}

/** What completions are worth, and how often a rule had no answer, which counts as 0. */
export interface RewardResult {
  readonly rewards: readonly number[];
  readonly failures: number;
  /** Why the first of them failed. */
  readonly failure: string | null;
}

/** The worth of each completion by one rule, or why it has none. */
interface Rule {
  of(completions: readonly Rewarded[], signal: AbortSignal): Promise<readonly (number | string)[]>;
  close(): void;
}

/** The judges of a stage by their rules' paths: rules that name the same model share one. */
type Judges = Map<string, RewardModel>;

/** The rewards of a stage: the weighted sum of its rules. */
export class Rewards {
  readonly #rules: readonly { readonly weight: number; readonly rule: Rule }[];
  readonly #judges: Judges;

  private constructor(rules: readonly { readonly weight: number; readonly rule: Rule }[], judges: Judges) {
    this.#rules = rules;
    this.#judges = judges;
  }

  /** Throws TapestryError `reward.no-thread`, and the errors of `RewardModel.on`. */
  static async open({ rules, ...options }: RewardsOptions): Promise<Rewards> {
    const opened: { weight: number; rule: Rule }[] = [];
    const judges: Judges = new Map();
    try {
      for (const rule of rules)
        opened.push({ weight: rule.weight, rule: await openRule(rule, options, judges) });
      return new Rewards(opened, judges);
    } catch (error) {
      new Rewards(opened, judges).close();
      throw error;
    }
  }

  /**
   * The rewards of completions, in their order. If aborted, rejects with the signal's reason; rejects with TapestryError `device.lost`
   * if a judge's device is lost.
   */
  async of(completions: readonly Rewarded[], signal: AbortSignal): Promise<RewardResult> {
    const rewards = completions.map(() => 0);
    const failed: string[] = [];
    for (const { weight, rule } of this.#rules)
      for (const [index, worth] of (await rule.of(completions, signal)).entries()) {
        if (typeof worth === 'string') failed.push(worth);
        else rewards[index] = (rewards[index] ?? 0) + weight * worth;
      }
    return { rewards, failures: failed.length, failure: failed[0] ?? null };
  }

  close(): void {
    for (const { rule } of this.#rules) rule.close();
    for (const judge of this.#judges.values()) judge.close();
  }
}

/** A rule that looks at a completion alone, without white space at its ends. */
function simple(worth: (text: string, answer: string | null) => number): Rule {
  return {
    of: async (completions) => completions.map(({ completion, answer }) => worth(completion.trim(), answer)),
    close: () => undefined,
  };
}

async function openRule(
  rule: RewardRule,
  { sources, device, cache, startFunction }: Omit<RewardsOptions, 'rules'>,
  judges: Judges,
): Promise<Rule> {
  switch (rule.kind) {
    case 'exact':
      return simple((text, answer) => Number(text === answer?.trim()));
    case 'pattern': {
      const pattern = compilePattern(rule.pattern);
      return simple((text) => Number(pattern.test(text)));
    }
    case 'length':
      return simple((text) => Math.max(0, 1 - Math.abs([...text].length - rule.target) / rule.target));
    case 'language': {
      const guess = await LanguageGuess.load();
      return simple((text) => Number(isLanguage(guess.guess(text)?.code ?? '', rule.language)));
    }
    case 'judge': {
      const { model } = rule;
      const judge = judges.get(model) ?? (await RewardModel.on(device, cache, named(sources.judges, model)));
      judges.set(model, judge);
      return {
        of: async (completions) => (await judge.scores(completions)).map((score) => score ?? tooLong),
        close: () => undefined,
      };
    }
    case 'function': {
      if (startFunction === undefined)
        throw new TapestryError(
          'reward.no-thread',
          'This program has no thread in which a function of a person may run.',
          'Build with the command tapestry build, or use other rewards.',
        );
      const source = named(sources.functions, rule.path);
      const { milliseconds } = rule;
      const own = new IsolatedFunction({ source, start: startFunction, milliseconds });
      return {
        async of(completions, signal) {
          const inputs = completions.map(({ prompt, ...given }) => ({ ...given, prompt: plain(prompt) }));
          const results = await own.call(inputs, signal);
          return results.map((result) => ('value' in result ? result.value : result.failure));
        },
        close: () => own.close(),
      };
    }
    default:
      return rule satisfies never;
  }
}

const tooLong = "the completion is longer than the judge's context";

function named<Value>(values: ReadonlyMap<string, Value>, path: string): Value {
  const value = values.get(path);
  if (value === undefined) throw new RangeError(`${path} was not read`);
  return value;
}
