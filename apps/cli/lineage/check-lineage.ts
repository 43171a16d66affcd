import { lineageProblems } from '../../../client/derive/lineage.ts';
import type { Lineage } from '../../../client/formats/lineage/lineage.ts';
import type { Parent } from '../../../client/formats/lineage/record.ts';
import type { CommittedBases } from '../../../relay/verify/committed-bases.ts';

/** How far a lineage holds. */
export interface LineageCheck {
  /** Empty if everything that was checked holds. */
  readonly problems: readonly string[];
  /** What could not be checked, and why. */
  readonly unchecked: readonly string[];
  /** The bases that a journal was seen to commit. */
  readonly committed: readonly Parent[];
}

/**
 * Checks a lineage: its signatures and records, the values of its model (their hash is `weights`; null if they were not read),
 * the key that a reader expects, and each base of a run against the run's journal.
 */
export async function checkLineage(
  lineage: Lineage,
  weights: string | null,
  journals: readonly CommittedBases[],
  signer?: string,
): Promise<LineageCheck> {
  const problems = await lineageProblems(lineage);
  const unchecked: string[] = [];
  const committed: Parent[] = [];
  if (weights === null) unchecked.push("the adapter's values: name its model with --model");
  else if (weights !== lineage.record.weights)
    problems.push(
      `the model's values have the hash ${weights}, and its record says ${lineage.record.weights}`,
    );
  if (signer !== undefined && signer !== lineage.key)
    problems.push(`the record was signed by ${lineage.key}, and not by ${signer}`);
  for (const parent of basesOf(lineage)) {
    const { run, name } = parent;
    if (run === null) {
      unchecked.push(`the origin of ${name}: it is of no run`);
      continue;
    }
    const journal = journals.find(({ run: id }) => id === run.id);
    const told = `${name}, which says to be round ${run.round} of run ${run.id}`;
    if (journal === undefined) unchecked.push(`${told}: name the run's journal with --journal`);
    else if (journal.bases[run.round] === parent.weights) committed.push(parent);
    else problems.push(`the journal committed other values than those of ${told}`);
  }
  return { problems, unchecked, committed };
}

/** The models that a lineage ends with: those of a run, and those without a record. */
function basesOf({ record, ancestors }: Lineage): Parent[] {
  const found = new Map<string, Parent>();
  for (const each of [record, ...ancestors.map((signed) => signed.record)])
    for (const parent of each.parents)
      if (parent.run !== null || parent.record === null)
        found.set(`${parent.weights} ${parent.run?.id} ${parent.run?.round}`, parent);
  return [...found.values()];
}
