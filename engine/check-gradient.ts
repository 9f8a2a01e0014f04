import { evaluate } from './evaluate.ts';
import type { Executor } from './executor.ts';
import { gradient } from './gradient.ts';
import { kindOf } from './kind-of.ts';
import { checkOptions } from './options.ts';
import { isValue, Tape, type Value } from './tape.ts';
import type { Tensor } from './tensor.ts';

/** Options of {@link checkGradient}. */
export interface CheckGradientOptions {
  /**
   * The largest allowed |gradient − difference| of an entry, relative to the largest entry of the parameter's gradient,
   * or to the difference if that is larger. Default 10⁻⁶.
   */
  readonly tolerance?: number;
  /**
   * The largest step by which an entry x is moved, in units of max(1, |x|). Default 0.02. If gradient and difference
   * disagree, smaller steps are tried, down to 10⁻⁶ of the largest, and to 10⁻¹⁰ before a gradient is called wrong.
   */
  readonly step?: number;
  /**
   * The number of entries to check in each parameter, at least 1. They are spread evenly over the parameter. By default
   * all entries are checked.
   */
  readonly entries?: number;
  /**
   * The executor that computes the gradient. Default `interpreter()`. The differences are always computed in float64 by
   * the interpreter.
   */
  readonly executor?: Executor;
}

/**
 * One entry of a gradient compared with the central difference.
 *
 * - `agrees`: the gradient and the difference are equal within the tolerance;
 * - `wrong`: the difference is reliable and the gradient differs from it, so a derivative rule is wrong;
 * - `step`: no step tried is small enough, because the entry is at a kink (the slopes from the left and the right
 *   differ), or because the slope changes too fast for these steps;
 * - `precision`: rounding hides the difference, or the executor's precision is too low for the tolerance.
 */
export interface EntryCheck {
  /** Name of the parameter. */
  readonly parameter: string;
  /** Position of the entry in row-major order. */
  readonly entry: number;
  /** The entry of the gradient. */
  readonly gradient: number;
  /** The derivative by finite differences. */
  readonly difference: number;
  /** |gradient − difference|, or infinity if the gradient is not finite. */
  readonly error: number;
  /** The estimated error of the difference itself. */
  readonly uncertainty: number;
  /** The outcome: see {@link EntryCheck}. */
  readonly verdict: 'agrees' | 'wrong' | 'step' | 'precision';
}

/** The result of {@link checkGradient}. */
export interface GradientCheck {
  /** True if every entry agrees. */
  readonly ok: boolean;
  /** The results for all entries checked, parameter by parameter. */
  readonly entries: readonly EntryCheck[];
  /** The outcome in words: one line if all entries agree, else one line for each entry that does not. */
  readonly report: string;
}

/**
 * Compares the gradient of your scorer with central differences, entry by entry. It reports which entries disagree, by
 * how much, and whether the gradient, the step or the precision is to blame.
 *
 * Differences are extrapolated to step 0 from ten shrinking steps, which also gives their uncertainty (C. J. F.
 * Ridders, Advances in Engineering Software 4, 75, 1982). If they disagree with the gradient, up to two more rounds of
 * ten smaller steps are tried, and the most certain round counts. Such small steps may be needed: for a coordinate of
 * 100 Å the largest step is 2 Å, but a potential can have kinks every few hundredths of an Å.
 *
 * `score` is called without a pose: wrap a scorer of poses, as in `(tape, theta) => score(tape, theta, pose)`.
 *
 * @throws TypeError if `score` is not a function, is async, does not return a value, or fails for lack of a pose;
 * RangeError if it does not return a single number, or for an option out of range
 * @example
 * const check = await checkGradient((tape, { w }) => sum(cube(w)), { w: tensor([1, 2, 3]) });
 * console.log(check.report);                    // gradient agrees in all 3 entries, …
 */
export async function checkGradient<const P extends Readonly<Record<string, Tensor>>>(
  score: (tape: Tape, params: { readonly [Name in keyof P]: Value }) => Value,
  params: P,
  options: CheckGradientOptions = {},
): Promise<GradientCheck> {
  checkOptions('checkGradient', options, ['tolerance', 'step', 'entries', 'executor']);
  const { tolerance = 1e-6, step = 0.02, entries = Number.POSITIVE_INFINITY, executor } = options;
  checkSettings(tolerance, step, entries);
  if (typeof score !== 'function') {
    throw new TypeError(
      `checkGradient: pass the scorer (tape, params) => value, then the parameters; got ${kindOf(score)} in place of the scorer`,
    );
  }
  const record = (tensors: Readonly<Record<string, Tensor>>) => {
    const tape = new Tape();
    const values = Object.entries(tensors).map(
      ([name, tensor]) => [name, tape.parameter(tensor, name)] as const,
    );
    const y = scoreOf(score, tape, Object.fromEntries(values) as { [Name in keyof P]: Value });
    checkRecorded(y);
    return { y, wrt: values.map(([, value]) => value) };
  };
  const { y, wrt } = record(params);
  const gradients = gradient(y, wrt);
  const [value, ...exact] = evaluate([y, ...gradients]);
  const underTest = executor ? await executor.run(gradients) : exact;

  const checks: EntryCheck[] = [];
  for (const [k, [name, tensor]] of Object.entries(params).entries()) {
    const slopes = (underTest[k] as Tensor).data;
    const scale = largestOf(slopes);
    for (const entry of spread(tensor.data.length, entries)) {
      const x = tensor.data[entry] as number;
      const scoreAt = (moved: number) => {
        const data = Float64Array.from(tensor.data);
        data[entry] = moved;
        return evaluate([record({ ...params, [name]: { data, shape: tensor.shape } }).y])[0]
          .data[0] as number;
      };
      const largestStep = step * Math.max(1, Math.abs(x));
      const tested = slopes[entry] as number;
      const reference = exact[k]?.data[entry] as number;
      const size = Math.abs(value?.data[0] as number);
      checks.push({
        parameter: name,
        entry,
        ...compareEntry(scoreAt, x, largestStep, { tested, reference, scale, size, tolerance }),
      });
    }
  }
  return {
    ok: checks.every(({ verdict }) => verdict === 'agrees'),
    entries: checks,
    report: reportOf(checks),
  };
}

/**
 * Calls the scorer.
 *
 * @throws TypeError, with the scorer's error as its cause, if the scorer throws and takes more than tape and parameters
 */
function scoreOf<V>(score: (tape: Tape, params: V) => Value, tape: Tape, params: V): unknown {
  try {
    return score(tape, params);
  } catch (cause) {
    if (score.length <= 2) throw cause;
    throw new TypeError(
      `checkGradient: score takes ${score.length} arguments, but is called without a pose: pass (tape, params) => score(tape, params, pose)`,
      { cause },
    );
  }
}

/** @throws TypeError unless the function under test returned a value */
function checkRecorded(result: unknown): asserts result is Value {
  if (isValue(result)) return;
  if (result instanceof Promise) {
    // It is not awaited, so its failure must not become an unhandled rejection.
    result.catch(() => {});
    throw new TypeError('checkGradient: score returned a promise; it must record synchronously');
  }
  throw new TypeError(`checkGradient: score must return a value on the tape, got ${typeof result}`);
}

/** The gradient at an entry, and the scales to judge it by. */
interface ComparedEntry {
  /** The entry of the gradient under test. */
  readonly tested: number;
  /** The same entry of the gradient that the interpreter computes in float64. */
  readonly reference: number;
  /** The largest entry of the parameter's gradient. */
  readonly scale: number;
  /** The magnitude of the score. */
  readonly size: number;
  readonly tolerance: number;
}

/** The number of rounds of ten steps tried for a reliable difference. Each round goes on from the previous one. */
const firstRounds = 3;
/** The number of rounds tried in all before a gradient is called wrong. */
const allRounds = 5;

/** Compares an entry of the gradient with differences of steps from `largestStep` down, until the verdict is clear. */
function compareEntry(
  f: (x: number) => number,
  x: number,
  largestStep: number,
  { tested, reference, scale, size, tolerance }: ComparedEntry,
): Omit<EntryCheck, 'parameter' | 'entry'> {
  const compareRound = (round: number) => {
    const difference = extrapolated(f, x, largestStep / shrink ** (round * steps));
    const { slope, uncertainty } = difference;
    const error = Number.isFinite(tested) ? Math.abs(tested - slope) : Number.POSITIVE_INFINITY;
    const exactError = Math.abs(reference - slope);
    const bound = tolerance * Math.max(scale, Math.abs(slope));
    const noise = (Number.EPSILON * size) / difference.step;
    // If no step changes the score by more than rounding, every difference is 0, and so is `uncertainty`. The
    // difference then looks certain but is not, so the doubt is at least `noise`.
    const doubt = Math.max(uncertainty, noise);
    const verdict = verdictOf({ ...difference, error, exactError, bound, doubt, noise });
    return { slope, uncertainty, error, exactError, bound, doubt, verdict };
  };
  const rounds = [compareRound(0)];
  let [best] = rounds as [(typeof rounds)[number]];
  while (rounds.length < firstRounds && best.verdict !== 'agrees') {
    const finer = compareRound(rounds.length);
    rounds.push(finer);
    const isSure = finer.verdict === 'agrees' && finer.doubt <= finer.bound;
    // The comparison is negated, so that the smaller steps also win if one of the doubts is NaN.
    if (isSure || !(finer.doubt >= best.doubt)) best = finer;
  }
  const agreesAtSmallerSteps = () => {
    while (rounds.length < allRounds) rounds.push(compareRound(rounds.length));
    return rounds.some(({ exactError, doubt }) => 10 * Math.max(exactError, doubt) < best.error);
  };
  const { slope: difference, uncertainty, error, verdict: verdictSoFar } = best;
  // If smaller steps agree with the gradient ten times better, the larger steps stepped over a detail of f.
  const steppedOver = verdictSoFar === 'wrong' && agreesAtSmallerSteps();
  return { gradient: tested, difference, error, uncertainty, verdict: steppedOver ? 'step' : verdictSoFar };
}

/**
 * The largest |slope| among the finite slopes; the smallest positive number if there is none above 0. Infinite slopes
 * are left out: the allowed error of every entry is relative to the result, so it would be infinite.
 */
function largestOf(slopes: Tensor['data']): number {
  let largest = Number.MIN_VALUE;
  for (const slope of slopes) if (Number.isFinite(slope)) largest = Math.max(largest, Math.abs(slope));
  return largest;
}

/** @throws RangeError naming the option that is out of range */
function checkSettings(tolerance: number, step: number, entries: number): void {
  const outOfRange = (name: string, wanted: string, got: number) =>
    new RangeError(`checkGradient: ${name} must be ${wanted}, got ${got}`);
  if (!(tolerance >= 0 && tolerance < 1))
    throw outOfRange('tolerance', 'a number from 0 to below 1', tolerance);
  if (!(step > 0 && Number.isFinite(step))) throw outOfRange('step', 'a finite number above 0', step);
  if (!(entries >= 1)) throw outOfRange('entries', 'a number from 1', entries);
}

/** Up to `most` indices below `length`, spread evenly. */
function spread(length: number, most: number): number[] {
  const count = Math.min(length, Math.floor(most));
  return Array.from({ length: count }, (_, i) => Math.floor((i * length) / count));
}

/** A derivative estimated from differences, and how far it can be trusted. */
interface Difference {
  readonly slope: number;
  readonly uncertainty: number;
  /** The step of the best estimate. */
  readonly step: number;
  /** The distance between the slopes from the right and from the left as the step goes to 0. */
  readonly kink: number;
}

/** The number of steps in a round. */
const steps = 10;
/** The ratio of a step to the next. */
const shrink = 1.6;

/**
 * The derivative at `x`, extrapolated to step 0 from central differences of ten steps, of which the first is `firstStep`.
 */
function extrapolated(f: (x: number) => number, x: number, firstStep: number): Difference {
  let best: Difference = {
    slope: Number.NaN,
    uncertainty: Number.POSITIVE_INFINITY,
    step: firstStep,
    kink: 0,
  };
  const center = f(x);
  const gapAt = (h: number) => Math.abs((f(x + h) - center) / h - (center - f(x - h)) / h);
  let previous: number[] = [];
  for (let row = 0, h = firstStep; row < steps; row++, h /= shrink) {
    const estimates = [(f(x + h) - f(x - h)) / (2 * h)];
    // The error of a central difference is a series in even powers of h. Each order removes one more power.
    for (let order = 1; order <= row; order++) {
      const weight = shrink ** (2 * order);
      const [fine, coarse] = [estimates[order - 1] as number, previous[order - 1] as number];
      const slope = (fine * weight - coarse) / (weight - 1);
      const uncertainty = Math.max(Math.abs(slope - fine), Math.abs(slope - coarse));
      if (uncertainty <= best.uncertainty && Number.isFinite(slope))
        best = { slope, uncertainty, step: h, kink: 0 };
      estimates.push(slope);
    }
    previous = estimates;
  }
  // If f is smooth, the gap between the one-sided slopes halves when the step is halved. At a kink the gap stays. So if
  // the gap at half the step is above ¾ of the gap at the whole step, there is a kink.
  const [wide, narrow] = [gapAt(best.step), gapAt(best.step / 2)];
  return { ...best, kink: narrow > 0.75 * wide ? narrow : 0 };
}

/** A difference compared with the gradient. */
interface Outcome extends Difference {
  /** The distance of the gradient under test from the difference. */
  readonly error: number;
  /** The distance of the interpreter's gradient from the difference. */
  readonly exactError: number;
  /** The largest error that the tolerance allows. */
  readonly bound: number;
  /** The larger of `uncertainty` and `noise`. */
  readonly doubt: number;
  /** The error that rounding causes in the difference. */
  readonly noise: number;
}

/**
 * The verdict on one round of steps. The difference is reliable if its doubt is below the bound, or below a hundredth of
 * the error. A kink counts only if it is larger than the bound and than ten times the noise. If the difference is
 * unreliable, rounding is to blame if the noise is more than a hundredth of the uncertainty, and the steps otherwise.
 */
function verdictOf({
  error,
  exactError,
  bound,
  doubt,
  uncertainty,
  kink,
  noise,
}: Outcome): EntryCheck['verdict'] {
  if (error <= bound) return 'agrees';
  if (exactError <= bound) return 'precision';
  if (doubt < bound || error > 100 * doubt) return kink > bound && kink > 10 * noise ? 'step' : 'wrong';
  return noise > 0.01 * uncertainty ? 'precision' : 'step';
}

/** The words of the report for each verdict. */
const blames = {
  agrees: '',
  wrong: 'the gradient is wrong',
  step: 'no step is small enough: the slope jumps or bends too sharply here',
  precision: 'rounding hides the difference: the precision, not the rule, is to blame',
};

function reportOf(checks: readonly EntryCheck[]): string {
  const failed = checks.filter(({ verdict }) => verdict !== 'agrees');
  if (failed.length === 0) {
    const largest = checks.reduce((sofar, { error }) => Math.max(sofar, error), 0);
    return `gradient agrees in all ${checks.length} entries, largest difference ${largest.toExponential(1)}`;
  }
  return failed
    .map(({ parameter, entry, gradient, difference, error, verdict }) => {
      return `${parameter}[${entry}]: gradient ${gradient}, difference ${difference}, apart by ${error.toExponential(1)}: ${blames[verdict]}`;
    })
    .join('\n');
}
