/** Above this cosine the arc is a line in float32. */
const parallel = 0.9995;

/** The point at `fraction` of the way from `from` to `to` along the arc between them, or along the line if they are parallel. */
export function slerp(from: Float32Array, to: Float32Array, fraction: number): Float64Array {
  let [products, ofFrom, ofTo] = [0, 0, 0];
  from.forEach((value, i) => {
    const other = to[i] ?? Number.NaN;
    products += value * other;
    ofFrom += value * value;
    ofTo += other * other;
  });
  const cosine = products / Math.sqrt(ofFrom * ofTo);
  const mix = (a: number, b: number) =>
    Float64Array.from(from, (value, i) => a * value + b * (to[i] ?? Number.NaN));
  // A tensor of zeros has no direction: its cosine is not a number.
  if (!(Math.abs(cosine) <= parallel)) return mix(1 - fraction, fraction);
  const angle = Math.acos(cosine);
  return mix(
    Math.sin((1 - fraction) * angle) / Math.sin(angle),
    Math.sin(fraction * angle) / Math.sin(angle),
  );
}
