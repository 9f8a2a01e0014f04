import type { Answer, Peak } from '../subject.ts';
import { median } from './clock.ts';
import type { Section } from './figures.ts';
import type { Measured } from './measured.ts';
import type { Round } from './serve.ts';
import { digits } from './text.ts';

/** A process to time. Sides with the same name are the same. */
export interface Side {
  readonly name: string;
  /** Starts the process; undefined if the system is not installed. */
  readonly start: ((env?: Readonly<Record<string, string>>, isPinned?: boolean) => Measured) | undefined;
  /** A name for the work, if its result is checked: sides with the same work must give the same result. */
  readonly work?: string;
  /** True if it may fail here; its time is then unknown. */
  readonly mayFail?: boolean;
}

type Unit = '×' | 'µs' | 'ms' | '';

/**
 * A row of a report: a ratio of times and its target. If the numerator has several sides, the slowest counts. The last
 * element returns figures to show instead of both times.
 */
export type Row = readonly [
  what: string,
  over: Side | readonly Side[],
  under: Side,
  target?: Target | undefined,
  figures?: (time: Times) => string,
];

/** A row with its measured figures. */
export interface Line {
  readonly what: string;
  readonly figures: string;
  /** The figure to compare with the target; undefined or NaN if it could not be measured. */
  readonly number: number | undefined;
  readonly unit: Unit;
  /** The target; a line without one explains others. */
  readonly target?: Target | undefined;
}

/** A line that is not a ratio of times. */
export function line(what: string, figures: string, number: number, unit: Unit, target?: Target): Line {
  return { what, figures, number, unit, target };
}

export interface Target {
  readonly kind: 'most' | 'least';
  readonly number: number;
}
export const most = (number: number): Target => ({ kind: 'most', number });
export const least = (number: number): Target => ({ kind: 'least', number });

/** Explanation of the targets, for reports that have some. */
export const aims: string =
  "Targets are this project's own aims: ratios to hand-written code, to PyTorch, and to a ceiling measured in the same run, and\n" +
  'limits of time and size. None is promised; misses are reported like passes. Lines without a target explain others.';

/** Allowed relative difference of results, which are float32 sums in different orders. */
const closeEnough = 2e-4;

/** True if two sides give the same value and the same norm of the gradient. */
function agree(a: Answer, b: Answer, within: number): boolean {
  const isClose = (x: number, y: number) => Math.abs(x - y) <= within * Math.max(1, Math.abs(y));
  return isClose(a.value, b.value) && isClose(a.norm, b.norm);
}

/** Compares the results of sides. @throws Error if two with the same work give different ones */
export function agreement(within: number = closeEnough): (side: Side, answer: Answer) => void {
  const answers = new Map<string, Answer & { readonly by: string }>();
  return ({ name, work = name }, answer) => {
    const first = answers.get(work) ?? { ...answer, by: name };
    answers.set(work, first);
    if (agree(answer, first, within)) return;
    const said = ({ value, norm }: Answer) => `${value} and |gradient| ${norm}`;
    throw new Error(`${work}: ${name} gives ${said(answer)}, but ${first.by} gives ${said(first)}`);
  };
}

/** The milliseconds of a unit for each side; NaN if it is not installed. */
export type Times = (side: Side) => number;

/**
 * Times sides, each in its own process. The processes take turns, so that a slow minute of the machine affects all
 * equally.
 *
 * @throws Error if two with the same work give different results
 */
export async function timed(
  sides: readonly Side[],
  rounds: number,
  within: number = closeEnough,
  clock: 'cpu' | 'wall' = 'cpu',
): Promise<Times> {
  const running = new Map<string, Measured>();
  const check = agreement(within);
  const times = new Map<string, number[]>();
  try {
    for (const side of sides) {
      const { name, start, work, mayFail } = side;
      if (!start || running.has(name)) continue;
      const process = start();
      running.set(name, process);
      if (work === undefined) continue;
      const answer = await process.ask<Answer>('check').catch(async error => {
        if (!mayFail) throw error;
        running.delete(name);
        await process.stop();
        console.error(`${name}: ${error.message}`);
      });
      if (!answer) continue;
      check(side, answer);
    }
    for (let i = 0; i < rounds; i++)
      for (const [name, process] of running)
        times.set(name, [...(times.get(name) ?? []), (await process.ask<Round>('round'))[clock]]);
    return ({ name }) => median(times.get(name) ?? []);
  } finally {
    for (const process of running.values()) await process.stop();
  }
}

/** Memory and CPU time of a side: the first run, and the median of later rounds. */
export interface Found extends Peak {
  readonly first: number;
}

/** The total milliseconds after which no more rounds begin. */
const enough = 400;
/** The milliseconds beyond which a run is made only once, unless it included planning. */
export const longRun = 3000;

/** The memory of each side in its own process, then their times in interleaved rounds. */
export async function measuredSides(
  sides: readonly Side[],
  n: number,
  rounds: number,
  env: Readonly<Record<string, string>> = {},
): Promise<Map<Side, Found>> {
  const running: { side: Side; process: Measured; peak: Peak; times: Round[] }[] = [];
  const found = new Map<Side, Found>();
  const check = agreement(10 * closeEnough);
  try {
    for (const side of sides) {
      if (!side.start) continue;
      const process = side.start(env);
      const peak = await process.ask<Peak>('peak');
      running.push({ side, process, peak, times: [] });
      check(side, peak);
    }
    for (let i = 0; i < rounds; i++) {
      for (const { process, peak, times } of running) {
        const perRun = (times[0] ?? peak).wall * n;
        const isDone = times.length > 0 ? perRun * times.length > enough : perRun > longRun && !peak.planned;
        if (!isDone) times.push(await process.ask<Round>('round'));
      }
    }
    for (const { side, peak, times } of running)
      found.set(side, {
        ...peak,
        first: peak.cpu,
        cpu: times.length > 0 ? median(times.map(({ cpu }) => cpu)) : peak.cpu,
      });
    return found;
  } finally {
    for (const { process } of running) await process.stop();
  }
}

/** Measures rows, those of a group together; the title of the group becomes a prefix of its rows. */
export async function measured(
  groups: readonly (readonly [title: string, rows: readonly Row[]])[],
  rounds: number,
  next: (title: string) => void,
): Promise<Line[]> {
  const lines: Line[] = [];
  for (const [title, rows] of groups) {
    next(title);
    const sides = rows.map(([, over]) => [over].flat() as Side[]);
    const time = await timed([...sides.flat(), ...rows.map(([, , under]) => under)], rounds);
    for (const [i, [what, , under, target, figures]] of rows.entries()) {
      const over = sides[i] as Side[];
      const known = over.map(time).filter(Number.isFinite);
      const shown = figures?.(time) ?? [...over, under].map(each => `${digits(time(each))} ms`).join(', ');
      const number = known.length > 0 ? Math.max(...known) / time(under) : undefined;
      lines.push({ what: `${title}: ${what}`, figures: shown, number, unit: '×', target });
    }
  }
  return lines;
}

export function verdict({ number, target }: Line): string {
  if (!target) return '';
  if (number === undefined || Number.isNaN(number)) return 'not measured';
  const { kind, number: bound } = target;
  const isReached = kind === 'most' ? number <= bound : number >= bound;
  return isReached ? 'pass' : 'miss';
}

/** The lines as a table. */
export function lineSection(all: readonly Line[]): Section {
  const signs = { most: '≤', least: '≥' };
  const rows = all.map(line => [
    line.what,
    `${digits(line.number ?? Number.NaN)} ${Number.isFinite(line.number) ? line.unit : ''}`.trim(),
    line.target ? `${signs[line.target.kind]} ${line.target.number} ${line.unit}`.trim() : '',
    verdict(line),
    line.figures,
  ]);
  return { title: '', head: ['what', 'measured', 'target', 'verdict', 'of'], rows };
}
