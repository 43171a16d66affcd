/** A table in Markdown, with a line end after it. */
export function markdown(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  return `${line(header)}|${'---|'.repeat(header.length)}\n${rows.map(line).join('')}`;
}

/** A part as a signed percentage, such as +1.2%. */
export function percent(part: number | null, digits = 1): string {
  if (part === null) return 'not measured';
  return `${part < 0 ? '' : '+'}${(100 * part).toFixed(digits)}%`;
}
