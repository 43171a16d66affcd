import { canonicalJson } from '../../formats/json.ts';
import type { Constitution } from './constitution.ts';

/** One entry of a constitution that two versions do not share: null where a version has none. */
export interface Difference {
  /** The part and the entry's name, such as `principle no-archaic`, or `preamble`. */
  readonly entry: string;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
  /** The keys whose values differ. */
  readonly keys: readonly string[];
}

/** What changed between two versions, in the order of the newer one, and then what it lacks. An entry is known by its id or name. */
export function differences(before: Constitution, after: Constitution): Difference[] {
  const [old, fresh] = [entriesOf(before), entriesOf(after)];
  const names = [...new Set([...fresh.keys(), ...old.keys()])];
  return names.flatMap((entry) => {
    const [was, is] = [old.get(entry) ?? null, fresh.get(entry) ?? null];
    const keys = [...new Set([...Object.keys(was ?? {}), ...Object.keys(is ?? {})])].filter(
      (key) => canonicalJson(was?.[key] ?? null) !== canonicalJson(is?.[key] ?? null),
    );
    return keys.length === 0 ? [] : [{ entry, before: was, after: is, keys }];
  });
}

function entriesOf({
  preamble,
  principles,
  protected: rules,
  boards,
}: Constitution): Map<string, Readonly<Record<string, unknown>>> {
  return new Map<string, Readonly<Record<string, unknown>>>([
    ['preamble', { text: preamble }],
    ...principles.map((principle) => [`principle ${principle.id}`, principle] as const),
    ...rules.map((rule) => [`protected ${rule.id}`, rule] as const),
    ...boards.map((board) => [`board ${board.name}`, board] as const),
  ]);
}
