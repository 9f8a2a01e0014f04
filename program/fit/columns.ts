import { parse } from 'csv-parse/sync';
import {
  type Affinity,
  type AffinityOptions,
  csvErrorOf,
  delimiterOf,
  readAffinities,
} from '../read/affinities.ts';
import { quoted } from '../read/line.ts';

/** An affinity, with the other columns of its row. */
export interface AffinityRow {
  readonly affinity: Affinity;
  /** Returns the trimmed content of a column; '' if it is empty or missing. */
  readonly field: (column: string) => string;
}

/**
 * Reads a table of affinities, as {@link readAffinities} does, and keeps the other columns of each row.
 *
 * @param key column that identifies the compound of a row, in place of `ligand`
 * @param needs columns that must have content in every row
 * @throws Error naming file and line, what was expected there and what was found
 */
export function affinityRows(
  text: string,
  file: string,
  options: AffinityOptions,
  { key = 'ligand', needs = [] }: { readonly key?: string; readonly needs?: readonly string[] } = {},
): AffinityRow[] {
  const { columns, rows, delimiter } = tableOf(text, file);
  for (const name of [key, ...needs]) {
    if (columns.includes(name)) continue;
    throw new Error(`${file}, line 1: expected a column "${name}", found ${columns.map(quoted).join(', ')}`);
  }
  for (const { line, fields } of rows) {
    for (const name of needs) {
      if (fields[name]) continue;
      throw new Error(`${file}, line ${line}: expected a value in the column ${name}, found ""`);
    }
  }
  const affinities = readAffinities(withKeyAsLigand(columns, rows, key, delimiter), file, options);
  // If a compound has several rows, the other columns are those of its first row.
  const byKey = new Map<string, (typeof rows)[number]>();
  for (const row of rows) {
    const name = row.fields[key] ?? '';
    if (!byKey.has(name)) byKey.set(name, row);
  }
  return affinities.map(affinity => ({
    affinity,
    field: column => byKey.get(affinity.ligand)?.fields[column] ?? '',
  }));
}

/** Row of a table. */
interface TableRow {
  readonly line: number;
  readonly fields: Readonly<Record<string, string>>;
}

/** Parses a table. Names of columns are in lower case. */
function tableOf(
  text: string,
  file: string,
): { readonly columns: string[]; readonly rows: TableRow[]; readonly delimiter: string } {
  const delimiter = delimiterOf(text);
  let columns: string[] = [];
  try {
    const rows: { record: Record<string, string>; info: { lines: number } }[] = parse(text, {
      ...{ bom: true, delimiter, info: true, skip_empty_lines: true, trim: true, relax_quotes: true },
      columns: (names: string[]) => {
        columns = names.map(name => name.toLowerCase());
        return columns;
      },
    });
    return {
      columns,
      delimiter,
      rows: rows.map(({ record, info }) => ({ line: info.lines, fields: record })),
    };
  } catch (error) {
    throw csvErrorOf(error, file, delimiter);
  }
}

/** Formats a table as text, with its key column as the column `ligand`. Rows keep their line numbers. */
function withKeyAsLigand(
  columns: readonly string[],
  rows: readonly TableRow[],
  key: string,
  delimiter: string,
): string {
  const others = columns.filter(name => name !== 'ligand');
  const lines = [['ligand', ...others].map(cell).join(delimiter)];
  for (const { line, fields } of rows) {
    while (lines.length < line - 1) lines.push('');
    lines.push([fields[key] ?? '', ...others.map(name => fields[name] ?? '')].map(cell).join(delimiter));
  }
  return lines.join('\n');
}

/** Formats a quoted cell of CSV on one line. */
function cell(text: string): string {
  return `"${text.replaceAll(/\s*[\r\n]+\s*/g, ' ').replaceAll('"', '""')}"`;
}
