/** Returns rows as a text with aligned columns. The first column is flush left, the others are flush right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]) =>
    widths.map((width, column) => {
      const cell = row[column] ?? '';
      // Columns after the first are at least eight characters wide.
      return column === 0 ? cell.padEnd(width) : cell.padStart(Math.max(width, 8));
    });
  return rows.map(row => `  ${line(row).join('  ')}`.trimEnd()).join('\n');
}

/** Returns a number with a fixed number of decimals. Zero has no minus sign. */
export function fixed(number: number, decimals: number): string {
  return number.toFixed(decimals).replace(/^-(?=[0.]*$)/, '');
}

/** Returns a heading, bold if `isStyled`, and its paragraphs, separated by blank lines. */
export function section(isStyled: boolean, heading: string, ...paragraphs: string[]): string {
  return [isStyled ? `\u001b[1m${heading}\u001b[22m` : heading, ...paragraphs].join('\n\n');
}
