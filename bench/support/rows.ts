import type { Answer, Peak } from '../subject.ts';
import { median } from './clock.ts';
import type { Section } from './figures.ts';
import type { Measured } from './measured.ts';
import type { Round } from './serve.ts';
import { digits } from './text.ts';

/** Process to time: one side of a comparison. Sides of the same name share one process. */
export interface Side {
  readonly name: string;
  /** Starts the process; undefined if the system is not installed. */
  readonly start: ((env?: Readonly<Record<string, string>>, isPinned?: boolean) => Measured) | undefined;
  /** Name of the work. Sides with the same work must give the same result. `timed` does not check a side without it. */
  readonly work?: string;
  /** True if the process may fail its first question on this machine, such as without a GPU. Its time is then NaN. */
  readonly mayFail?: boolean;
}

type Unit = '×' | 'µs' | 'ms' | '';

/**
 * Row of a report: a ratio of times and its target. If the numerator `over` has several sides, the slowest one is used.
 * `figures` returns a text that the report shows in place of the two times.
 */
export type Row = readonly [
  what: string,
  over: Side | readonly Side[],
  under: Side,
  target?: Target | undefined,
  figures?: (time: Times) => string,
];

/** Measured row of a report. */
export interface Line {
  readonly what: string;
  /** Details of the measurement, such as both times. */
  readonly figures: string;
  /** Measured number; undefined or NaN if it could not be measured. */
  readonly number: number | undefined;
  readonly unit: Unit;
  /** Target of the number. A line without a target is there to explain other lines. */
  readonly target?: Target | undefined;
}

/** Returns a line that is not a ratio of times. */
export function line(what: string, figures: string, number: number, unit: Unit, target?: Target): Line {
  return { what, figures, number, unit, target };
}

/** Upper (`most`) or lower (`least`) bound of a measured number. */
export interface Target {
  readonly kind: 'most' | 'least';
  readonly number: number;
}
export const atMost = (number: number): Target => ({ kind: 'most', number });
export const atLeast = (number: number): Target => ({ kind: 'least', number });

/** Explanation of the targets, for reports with targets. */
export const aims: string =
  "Targets are this project's own aims: ratios to hand-written code, to PyTorch, and to a ceiling measured in the same run, and\n" +
  'limits of time and size. None is promised; misses are reported like passes. Lines without a target explain others.';

/** Allowed relative difference of results. They differ because the sides add up float32 numbers in different orders. */
const closeEnough = 2e-4;

/**
 * True if both the values and the norms of the gradients differ by at most `within`: relative to the size of the
 * number in `b` if that is larger than 1, otherwise absolute.
 */
function agree(a: Answer, b: Answer, within: number): boolean {
  const isClose = (x: number, y: number) => Math.abs(x - y) <= within * Math.max(1, Math.abs(y));
  return isClose(a.value, b.value) && isClose(a.norm, b.norm);
}

/** Returns a function that checks the answer of a side. It throws an Error if sides with the same work disagree. */
export function agreement(within: number = closeEnough): (side: Side, answer: Answer) => void {
  const answers = new Map<string, Answer & { readonly by: string }>();
  return ({ name, work = name }, answer) => {
    const first = answers.get(work) ?? { ...answer, by: name };
    answers.set(work, first);
    if (agree(answer, first, within)) return;
    const text = ({ value, norm }: Answer) => `${value} and |gradient| ${norm}`;
    throw new Error(`${work}: ${name} gives ${text(answer)}, but ${first.by} gives ${text(first)}`);
  };
}

/** Function that returns the milliseconds per unit of a side; NaN if it could not run. */
export type Times = (side: Side) => number;

/**
 * Times sides, each in its own process. Their rounds are interleaved, so that a slow moment of the machine affects all sides
 * equally.
 *
 * @throws Error if two sides with the same work give different results
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

/** Memory and CPU time of a side. `cpu` is the median over the rounds after the first run, or `first` if there are none. */
export interface SideResult extends Peak {
  /** CPU milliseconds per pose of the first run. */
  readonly first: number;
}

/** Limit on the number of a side's rounds times the milliseconds of a run. A side beyond it gets no further round. */
const enoughTime = 400;
/** Milliseconds beyond which a side's first run is not repeated, unless most of that time was planning. */
export const longRun = 3000;

/** Measures the memory of each side in its own process, then their times in interleaved rounds. */
export async function measuredSides(
  sides: readonly Side[],
  n: number,
  rounds: number,
  env: Readonly<Record<string, string>> = {},
): Promise<Map<Side, SideResult>> {
  const running: { side: Side; process: Measured; peak: Peak; times: Round[] }[] = [];
  const results = new Map<Side, SideResult>();
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
        const isDone =
          times.length > 0 ? perRun * times.length > enoughTime : perRun > longRun && !peak.isMostlyPlanning;
        if (!isDone) times.push(await process.ask<Round>('round'));
      }
    }
    for (const { side, peak, times } of running)
      results.set(side, {
        ...peak,
        first: peak.cpu,
        cpu: times.length > 0 ? median(times.map(({ cpu }) => cpu)) : peak.cpu,
      });
    return results;
  } finally {
    for (const { process } of running) await process.stop();
  }
}

/** Measures rows group by group. The title of the group becomes a prefix of its rows. */
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
      const times = over.map(time).filter(Number.isFinite);
      const text = figures?.(time) ?? [...over, under].map(side => `${digits(time(side))} ms`).join(', ');
      const number = times.length > 0 ? Math.max(...times) / time(under) : undefined;
      lines.push({ what: `${title}: ${what}`, figures: text, number, unit: '×', target });
    }
  }
  return lines;
}

/** Returns `pass`, `miss`, `not measured`, or '' without a target. */
export function verdict({ number, target }: Line): string {
  if (!target) return '';
  if (number === undefined || Number.isNaN(number)) return 'not measured';
  const { kind, number: bound } = target;
  const isReached = kind === 'most' ? number <= bound : number >= bound;
  return isReached ? 'pass' : 'miss';
}

/** Returns the table of the lines. */
export function lineSection(lines: readonly Line[]): Section {
  const signs = { most: '≤', least: '≥' };
  const rows = lines.map(line => [
    line.what,
    `${digits(line.number ?? Number.NaN)} ${Number.isFinite(line.number) ? line.unit : ''}`.trim(),
    line.target ? `${signs[line.target.kind]} ${line.target.number} ${line.unit}`.trim() : '',
    verdict(line),
    line.figures,
  ]);
  return { title: '', head: ['what', 'measured', 'target', 'verdict', 'of'], rows };
}
