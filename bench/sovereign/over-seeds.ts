/** Figures that several seeds have: numbers, or named figures. */
export type Figures = number | { readonly [name: string]: Figures | undefined };

/** For each number that all seeds have, its mean, its least and its greatest. */
export function overSeeds(seeds: readonly Figures[]): object {
  const numbers = seeds.filter((one) => typeof one === 'number');
  if (numbers.length === seeds.length)
    return {
      mean: numbers.reduce((sum, value) => sum + value, 0) / numbers.length,
      least: Math.min(...numbers),
      most: Math.max(...numbers),
    };
  const records = seeds.filter((one) => typeof one !== 'number');
  const names = Object.keys(records[0] ?? {});
  return Object.fromEntries(
    names.flatMap((name) => {
      const values = records.map((record) => record[name]).filter((value) => value !== undefined);
      return values.length === seeds.length ? [[name, overSeeds(values)]] : [];
    }),
  );
}
