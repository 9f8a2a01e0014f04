/**
 * Returns a Markdown table that is also readable as plain text. The first `left` columns are left-aligned, the others
 * right-aligned.
 */
export function table(head: readonly string[], rows: readonly (readonly string[])[], left = 1): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(3, ...all.map(row => [...(row[column] ?? '')].length)));
  const line = (row: readonly string[]) => {
    const cells = widths.map((width, column) => padded(row[column] ?? '', width, column >= left));
    return `| ${cells.join(' | ')} |`;
  };
  const rule = widths.map((width, column) =>
    column >= left ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  );
  return [line(head), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n');
}

function padded(text: string, width: number, toRight: boolean): string {
  const space = ' '.repeat(width - [...text].length);
  return toRight ? space + text : text + space;
}

/**
 * Formats a number with at most three decimals and about three digits, because measured times are hardly more accurate. Returns –
 * if the number is not finite.
 */
export function digits(number: number): string {
  if (!Number.isFinite(number)) return '–';
  const size = Math.abs(number);
  if (number === 0) return '0';
  if (size >= 100) return Math.round(number).toLocaleString('en');
  return number.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : 3);
}
