import { median } from './clock.ts';
import type { Measured } from './measured.ts';
import type { Round } from './serve.ts';
import { digits, table } from './text.ts';

/** One side of a ratio: a process that is timed. Two of the same name are the same. */
export interface Side {
  readonly name: string;
  /** Starts it; absent where it is not installed. */
  readonly start: (() => Measured) | undefined;
  /** The work, where it tells its answer: sides of equal work must give equal answers. */
  readonly work?: string;
}

type Unit = '×' | 'µs' | 'ms' | '';

/** A row of a report: a ratio of times, and what it should be. */
export interface Row {
  readonly what: string;
  /** Of several, the slowest counts. */
  readonly over: Side | readonly Side[];
  readonly under: Side;
  readonly target?: Target | undefined;
  /** Figures to show in place of both times; given the time of a side in CPU milliseconds. */
  readonly figures?: (time: (side: Side) => number) => string;
}

export function row(
  what: string,
  over: Row['over'],
  under: Side,
  target?: Target,
  figures?: Row['figures'],
): Row {
  return { what, over, under, target, ...(figures && { figures }) };
}

/** A line that is no ratio of times. */
export function line(
  what: string,
  figures: string,
  number: number | undefined,
  unit: Unit,
  target?: Target,
): Line {
  return { what, figures, number, unit, target };
}

/** A row with what was measured. */
export interface Line {
  readonly what: string;
  readonly figures: string;
  /** The figure to compare with the target; undefined or NaN if it could not be measured. */
  readonly number: number | undefined;
  readonly unit: Unit;
  /** Without one, the line is there to explain others. */
  readonly target?: Target | undefined;
}

export interface Target {
  readonly kind: 'most' | 'least' | 'equal';
  readonly number: number;
}
export const most = (number: number): Target => ({ kind: 'most', number });
export const least = (number: number): Target => ({ kind: 'least', number });
export const equal = (number: number): Target => ({ kind: 'equal', number });

/** Explanation of the targets, for every report that has some. */
export const aims: string =
  'Targets are the aims that this project set itself: ratios to code written by hand, to PyTorch, and to a ceiling that is\n' +
  'measured beside, and limits of time and of size. None is promised, and a miss is reported like a pass.';

/** The answer of a side. */
export interface Answered {
  readonly value: number;
  readonly norm: number;
}

/** Allowed relative difference of answers, which are float32 sums in different orders. */
const closeEnough = 2e-4;

export function agree(a: Answered, b: Answered, within: number = closeEnough): boolean {
  const isClose = (x: number, y: number) => Math.abs(x - y) <= within * Math.max(1, Math.abs(y));
  return isClose(a.value, b.value) && isClose(a.norm, b.norm);
}

/** CPU milliseconds of a unit by side; NaN for what is not installed. */
export type Times = (side: Side) => number;

/** Asks each process in turn for a round, over and over, so that a slow minute of the machine meets all alike. */
export async function interleaved(
  subjects: ReadonlyMap<string, Measured>,
  rounds: number,
): Promise<Map<string, number>> {
  const times = new Map([...subjects.keys()].map(name => [name, [] as number[]]));
  for (let i = 0; i < rounds; i++)
    for (const [name, subject] of subjects) times.get(name)?.push((await subject.ask<Round>('round')).cpu);
  return new Map([...times].map(([name, found]) => [name, median(found)]));
}

/**
 * Times sides, each in a process of its own that takes turns with the others.
 *
 * @throws Error if two that do equal work give different answers
 */
export async function timed(
  sides: readonly Side[],
  rounds: number,
  within: number = closeEnough,
): Promise<Times> {
  const running = new Map<string, Measured>();
  const answers = new Map<string, Answered & { readonly by: string }>();
  try {
    for (const { name, start, work } of sides) {
      if (!start || running.has(name)) continue;
      const process = start();
      running.set(name, process);
      if (work === undefined) continue;
      const answer = await process.ask<Answered>('check');
      const first = answers.get(work) ?? { ...answer, by: name };
      answers.set(work, first);
      if (!agree(answer, first, within))
        throw new Error(
          `${work}: ${name} gives ${answer.value} and |gradient| ${answer.norm}, but ${first.by} gives ${first.value} and ${first.norm}`,
        );
    }
    const found = await interleaved(running, rounds);
    return ({ name }) => found.get(name) ?? Number.NaN;
  } finally {
    for (const process of running.values()) await process.stop();
  }
}

/** Measures rows, those of a group together. */
export async function measured(
  groups: readonly (readonly [title: string, rows: readonly Row[]])[],
  rounds: number,
  next: (title: string) => void,
): Promise<Line[]> {
  const lines: Line[] = [];
  for (const [title, rows] of groups) {
    next(title);
    lines.push(...(await measuredGroup(rows, rounds)));
  }
  return lines;
}

async function measuredGroup(rows: readonly Row[], rounds: number): Promise<Line[]> {
  const slowest = ({ over }: Row) => [over].flat() as Side[];
  const time = await timed(
    rows.flatMap(row => [...slowest(row), row.under]),
    rounds,
  );
  return rows.map(row => {
    const { what, under, target, figures } = row;
    const over = slowest(row);
    const known = over.map(time).filter(Number.isFinite);
    const shown = figures?.(time) ?? [...over, under].map(each => `${digits(time(each))} ms`).join(', ');
    const number = known.length > 0 ? Math.max(...known) / time(under) : undefined;
    return { what, figures: shown, number, unit: '×', target };
  });
}

export function verdict({ number, target }: Line): string {
  if (!target) return '';
  if (number === undefined || Number.isNaN(number)) return 'not measured';
  const { kind, number: bound } = target;
  const isReached = kind === 'equal' ? number === bound : kind === 'most' ? number <= bound : number >= bound;
  return isReached ? 'pass' : 'miss';
}

/** With `--check`, a missed target is an error. */
export function checkLines(all: readonly Line[], { check }: { readonly check?: true }): void {
  if (check && all.some(line => verdict(line) === 'miss')) process.exitCode = 1;
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
