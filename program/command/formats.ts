import { type Command, Option } from 'commander';

/** Formats of results, for `--format`. */
export const formats = ['text', 'csv', 'jsonl', 'json'] as const;

export type FormatName = (typeof formats)[number];

/** Chosen format and destination of results. */
export interface GivenFormat {
  readonly format: FormatName;
  /** File to write; by default, results go to standard output. */
  readonly out?: string;
}

/** Adds the options for the format and the destination of results. */
export function addFormat(command: Command): Command {
  return command
    .addOption(
      new Option('--format <name>', 'format of the results')
        .choices(formats)
        .default('text', 'from the extension of --out, or text'),
    )
    .addOption(new Option('--json', 'the same as --format json').implies({ format: 'json' }))
    .option('--out <file>', 'write the results to this file once they are complete');
}

/**
 * Sets the format by the extension of the `--out` file, such as `.csv`, unless an option gives the format.
 *
 * @throws CommanderError if `--json` is given together with another `--format`. Its message is written already
 */
export function settleFormat(command: Command): void {
  const { out } = command.opts<Partial<GivenFormat>>();
  const ending = formats.find(name => name !== 'text' && out?.toLowerCase().endsWith(`.${name}`));
  if (ending && command.getOptionValueSource('format') === 'default') {
    command.setOptionValueWithSource('format', ending, 'implied');
  }
  const { format, json } = command.opts<{ readonly format: FormatName; readonly json?: boolean }>();
  if (json && format !== 'json') command.error(`error: --json and --format ${format} exclude each other`);
}

/** Returns a line of CSV, with its line end. Cells are quoted where necessary. */
export function csvLine(cells: readonly (string | number)[]): string {
  return `${cells.map(cellOf).join(',')}\n`;
}

/** Returns a cell of CSV, quoted if necessary. */
function cellOf(cell: string | number): string {
  const text = String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
