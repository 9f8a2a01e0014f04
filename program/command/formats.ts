import { type Command, Option } from 'commander';

/** Formats of results. */
export const formats = ['text', 'csv', 'jsonl', 'json'] as const;

export type FormatName = (typeof formats)[number];

/** Form and place of results that were chosen. */
export interface GivenFormat {
  readonly format: FormatName;
  /** File of the results; standard output unless given. */
  readonly out?: string;
}

/** Adds the options by which the form and place of results are chosen. */
export function addFormat(command: Command): Command {
  return command
    .addOption(new Option('--format <name>', 'form of the results').choices(formats).default('text'))
    .addOption(new Option('--json', 'the same as --format json').implies({ format: 'json' }))
    .option('--out <file>', 'write the results here; it appears when it is whole');
}

/** A line of CSV. */
export function csvLine(cells: readonly (string | number)[]): string {
  return `${cells.map(cellOf).join(',')}\n`;
}

function cellOf(cell: string | number): string {
  const text = String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
