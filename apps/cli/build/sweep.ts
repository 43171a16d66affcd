import { join } from 'node:path';
import type { BuildInputs } from '../../../client/derive/inputs.ts';
import type { Overrides } from '../../../client/derive/recipe/read-recipe.ts';
import { printable, TapestryError } from '../../../client/errors.ts';
import type { BuildRecord } from '../../../client/formats/lineage/record.ts';
import { colour, type Output } from '../terminal/output.ts';
import { aligned, loss } from '../terminal/table.ts';
import { type BuildOptions, buildInto } from './build-into.ts';

/** One build of a sweep: its values, and its folder's name, such as `learning_rate=1e-4`. */
export interface Variant {
  readonly name: string;
  readonly overrides: Overrides;
}

const mostVariants = 64;

/** All combinations of the values of `key=value,value`. Throws `usage.sweep`. */
export function variantsOf(sweeps: readonly string[]): Variant[] {
  let all: [string, string][][] = [[]];
  for (const text of sweeps) {
    const [, key, values] = /^(\w+)=(.+)$/.exec(text) ?? [];
    const each = values?.split(',') ?? [];
    if (key === undefined || !each.every((value) => /^[\w.+-]+$/.test(value)))
      throw refused(`--sweep ${printable(text)} is not of the form key=value,value.`);
    all = all.flatMap((before) => each.map((value): [string, string][] => [...before, [key, value]]));
  }
  if (all.length > mostVariants) throw refused(`${all.length} combinations are more than ${mostVariants}.`);
  return all.map((pairs) => ({
    name: pairs.map(([key, value]) => `${key}=${value}`).join(','),
    overrides: new Map(pairs),
  }));
}

function refused(message: string): TapestryError {
  return new TapestryError('usage.sweep', message, 'Give values as in --sweep learning_rate=1e-4,3e-4.');
}

export interface SweepOptions extends BuildOptions {
  /** Throws if the recipe cannot be used with these values. */
  readonly check: (overrides: Overrides) => Promise<unknown>;
  readonly read: (overrides: Overrides) => Promise<BuildInputs>;
  /** Each variant has a folder within it. */
  readonly folder: string;
  readonly output: Output;
}

/**
 * Builds every variant, one after the other, and shows a table of their results at the end. All recipes are checked before the first
 * build begins. Variants that are already built are not built again.
 */
export async function sweep(
  variants: readonly Variant[],
  { check, read, folder, output, ...options }: SweepOptions,
): Promise<void> {
  for (const { overrides } of variants) await check(overrides);
  const rows: { readonly name: string; readonly record: BuildRecord }[] = [];
  for (const { name, overrides } of variants) {
    output.progress({ event: 'variant', name }, colour('cyan', name));
    const inputs = await read(overrides);
    rows.push({ name, record: await buildInto(inputs, join(folder, name), options) });
  }
  const best = bestOf(rows);
  output.result(
    {
      event: 'swept',
      folder,
      best,
      variants: rows.map(({ name, record }) => ({ name, stages: record.stages })),
    },
    tableOf(rows, best).join('\n'),
  );
}

type Rows = readonly { readonly name: string; readonly record: Pick<BuildRecord, 'stages'> }[];

/** How good a variant's last stage is, more being better: its reward, or less its loss on held-out rows; null if not measured. */
function meritOf({ record }: Rows[number]): number | null {
  const figure = record.stages.at(-1)?.figures.find(({ name }) => name !== 'base text');
  if (figure === undefined || figure.after === null) return null;
  return figure.name === 'reward' ? figure.after : -figure.after;
}

/** The name of the variant whose last stage is the best; of equal ones the first, null if none was measured. */
export function bestOf(rows: Rows): string | null {
  const measured = rows.flatMap((row) => {
    const merit = meritOf(row);
    return merit === null ? [] : [{ name: row.name, merit }];
  });
  return measured.toSorted((a, b) => b.merit - a.merit)[0]?.name ?? null;
}

function tableOf(rows: Rows, best: string | null): string[] {
  const columns = rows[0]?.record.stages.flatMap(({ kind, figures }) =>
    figures.map(({ name }) => `${kind}: ${name}`),
  );
  const cells = rows.map(({ name, record }) => [
    name,
    ...record.stages.flatMap(({ figures }) => figures.map(({ after }) => loss(after))),
    name === best ? 'best' : '',
  ]);
  return aligned([['variant', ...(columns ?? []), ''], ...cells], (column) => column === 0);
}
