import * as v from 'valibot';

/** Values of a recipe's keys. The messages follow the key's name. */

export const named = <const Names extends readonly string[]>(names: Names) =>
  v.picklist(names, `must be one of ${names.join(', ')}`);
export const string = v.pipe(v.string('must be text'), v.nonEmpty('must not be empty'));
export const boolean = v.boolean('must be true or false');

/** A number, also written as text, as other tools' YAML readers want 1e-4 written. */
const number = v.pipe(
  v.union([
    v.number(),
    v.pipe(v.string(), v.regex(/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i), v.transform(Number)),
  ]),
  v.finite(),
);
export const between = (least: number, most: number) =>
  v.pipe(
    v.unknown(),
    v.check((value) => {
      const parsed = v.safeParse(number, value);
      return parsed.success && parsed.output >= least && parsed.output <= most;
    }, `must be a number from ${least} to ${most}`),
    v.transform(Number),
  );
export const whole = (least: number, most: number) =>
  v.pipe(
    v.unknown(),
    v.check(
      (value) => typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most,
      `must be a whole number from ${least} to ${most}`,
    ),
    v.transform(Number),
  );
