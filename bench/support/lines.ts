import { digits, table } from './text.ts';

/** A line of a report that holds what was measured against what was to be reached. */
export interface Line {
  readonly what: string;
  /** The figures that were compared. */
  readonly figures: string;
  /** The figure to compare with the target; undefined or NaN if it could not be measured. */
  readonly number: number | undefined;
  readonly unit: '×' | 'µs' | 'ms' | '';
  /** Without one, the line is there to explain others. */
  readonly target?: { readonly kind: 'most' | 'least' | 'equal'; readonly number: number };
}

/** Explanation of the targets, for every report that has some. */
export const aims: string =
  'Targets are the aims that this project set itself: ratios to code written by hand, to PyTorch, and to a ceiling that is\n' +
  'measured beside, and limits of time and of size. None is promised, and a miss is reported like a pass.';

/** With `--check`, a missed target is an error. */
export function checkLines(all: readonly Line[], { check }: { readonly check?: true }): void {
  if (check && all.some(line => verdict(line) === 'miss')) process.exitCode = 1;
}

type Bound = (number: number) => NonNullable<Line['target']>;
export const most: Bound = (number: number) => ({ kind: 'most', number }) as const;
export const least: Bound = (number: number) => ({ kind: 'least', number }) as const;
export const equal: Bound = (number: number) => ({ kind: 'equal', number }) as const;

export function ratio(a: number | undefined, b: number | undefined): number {
  return (a ?? Number.NaN) / (b ?? Number.NaN);
}

export function ms(time: number | undefined): string {
  return `${digits(time ?? Number.NaN)} ms`;
}

export function verdict({ number, target }: Line): string {
  if (!target) return '';
  if (number === undefined || Number.isNaN(number)) return 'not measured';
  const { kind, number: bound } = target;
  const isReached = kind === 'equal' ? number === bound : kind === 'most' ? number <= bound : number >= bound;
  return isReached ? 'pass' : 'miss';
}

/** The lines as a table. */
export function lineTable(all: readonly Line[]): string {
  const signs = { most: '≤', least: '≥', equal: '=' };
  const rows = all.map(line => [
    line.what,
    line.number === undefined || Number.isNaN(line.number)
      ? '–'
      : `${digits(line.number)} ${line.unit}`.trim(),
    line.target ? `${signs[line.target.kind]} ${line.target.number} ${line.unit}`.trim() : '',
    verdict(line),
    line.figures,
  ]);
  return table(['what', 'measured', 'target', '', 'figures'], rows);
}
