import { isShape, type Shape, showShape, sizeOf } from '../engine/shape.ts';
import { areFinite } from '../engine/tensor.ts';
import { type Base64, float64FromBase64, float64ToBase64 } from './base64.ts';
import { Checksum } from './checksum.ts';
import { checkSameFold, type Fold } from './fold.ts';

/**
 * An accumulator as JSON. The reference and the sums are base64 of their float64 bytes, so that a round trip changes no bit.
 * The letters are those of {@link Accumulator}.
 *
 * A combination reads the JSON back only if the contents are unchanged. Keys may be in any order. Every field is checked, and a
 * checksum covers them all. The error for damaged JSON names the field, or the checksum if each field is valid by itself. The
 * checksum does not protect against forgery.
 */
export interface AccumulatorJSON {
  /** Name of the combination. */
  readonly kind: string;
  /** Settings of the combination. */
  readonly settings: Readonly<Record<string, number>>;
  /** Number of poses added. */
  readonly count: number;
  /**
   * The reference r and each r_j; the sums S, S − N, N, Σ e_n², Σ L_n and each M_j; then, for each of these sums, its rounding
   * error.
   */
  readonly scalars: Base64;
  /** Shape of each parameter; empty before the first gradient. */
  readonly shapes: Readonly<Record<string, Shape>>;
  /** The sums A, by parameter. */
  readonly A: Readonly<Record<string, Base64>>;
  /** The sums B_1, B_2, … of each parameter, one after the other. */
  readonly B: Readonly<Record<string, Base64>>;
  /** The sums P of the gradients of pose losses, by parameter. */
  readonly P: Readonly<Record<string, Base64>>;
  /** Checksum of all other fields, as 16 hexadecimal digits. */
  readonly checksum: string;
}

/**
 * Sums by parameter name. This is a Map, since a parameter may be named like a property that all objects have, such as
 * `constructor`.
 */
export type Sums = Map<string, Float64Array>;

/** The state of an accumulator. */
export interface State {
  readonly count: number;
  /** Height r of the reference pose. */
  readonly r: number;
  /** Values r_j of the reference pose. */
  readonly c: Float64Array;
  /** S, S − N, N, Σ e_n², Σ L_n, then each M_j. */
  readonly sums: Float64Array;
  /** Rounding error of each sum, to be added to it. */
  readonly lost: Float64Array;
  /** Empty before the first gradient. */
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly A: Sums;
  readonly B: Sums;
  /** Empty if no pose has a loss. */
  readonly P: Sums;
}

const sumNames = ['S', 'S − N', 'N', 'Σ e_n²', 'Σ L_n'] as const;

function scalarsOf({ r, c, sums, lost }: Scalars): Float64Array {
  return Float64Array.of(r, ...c, ...sums, ...lost);
}

type Scalars = Pick<State, 'r' | 'c' | 'sums' | 'lost'>;

export function writeState(fold: Fold, state: State): AccumulatorJSON {
  const encode = (sums: Sums) =>
    Object.fromEntries([...sums].map(([name, sum]) => [name, float64ToBase64(sum)]));
  return {
    kind: fold.kind,
    settings: fold.settings,
    count: state.count,
    scalars: float64ToBase64(scalarsOf(state)),
    shapes: Object.fromEntries(state.shapes),
    A: encode(state.A),
    B: encode(state.B),
    P: encode(state.P),
    checksum: checksumOf(fold, state),
  };
}

/** Reads a state. @throws TypeError if it is of another combination, RangeError naming the field if it is damaged */
export function readState(fold: Fold, json: unknown): State {
  const saved = recordOf('the saved state', json) as Partial<Record<keyof AccumulatorJSON, unknown>>;
  const settings = recordOf('settings', saved.settings) as AccumulatorJSON['settings'];
  check(typeof saved.kind === 'string', 'kind', `is ${show(saved.kind)}, not a name`);
  for (const [name, number] of Object.entries(settings))
    check(Number.isFinite(number), `setting ${name}`, `is ${show(number)}, not a number`);
  checkSameFold('accumulator: the saved state', fold, { kind: saved.kind as string, settings });

  const shapes = new Map(Object.entries(recordOf('shapes', saved.shapes)).map(readShape));
  const count = saved.count as number;
  const scalars = readScalars(fold, saved.scalars, count);
  const hasLosses = Object.keys(recordOf('P', saved.P)).length > 0;
  const state: State = {
    count,
    ...scalars,
    shapes,
    A: readSums('A', saved.A, shapes, 1),
    B: readSums('B', saved.B, shapes, fold.usesB ? scalars.c.length : 0),
    P: readSums('P', saved.P, shapes, hasLosses ? 1 : 0),
  };
  checkCounted(fold, state);
  const { checksum } = saved;
  check(checksum === checksumOf(fold, state), 'checksum', checksum ? 'does not match' : 'is missing');
  return state;
}

function readScalars(fold: Fold, text: unknown, count: number): Scalars {
  // The numbers are r and the J values r_j, then the 5 + J sums S, S − N, N, Σ e_n², Σ L_n and M_1 to M_J, and then the
  // rounding error of each sum. Together these are 11 + 3 J numbers: 14 if the only value is the score, so that J = 1.
  const numbers = readNumbers('scalars', text, fold.isOfScore && count !== 0 ? 14 : undefined);
  const { length } = numbers;
  const J = (length - 1 - 2 * sumNames.length) / 3;
  check(Number.isInteger(J) && J >= 0, 'scalars', `holds ${length} numbers`);
  const lostFrom = (length + 1 + J) / 2;
  return {
    r: numbers[0] as number,
    c: numbers.slice(1, 1 + J),
    sums: numbers.slice(1 + J, lostFrom),
    lost: numbers.slice(lostFrom),
  };
}

/** Rejects a state whose sums are impossible for its number of poses. */
function checkCounted({ isOfScore, isWeighted, sigma }: Fold, { shapes, ...state }: State): void {
  const { count, c, sums } = state;
  const [S, excess, N, , , M] = sums as unknown as readonly number[] & Record<0 | 1 | 2 | 5, number>;
  check(Number.isSafeInteger(count) && count >= 0, 'count', `is ${show(count)}, not a whole number from 0`);
  const scalars = scalarsOf(state);
  if (count === 0) {
    const isFresh = scalars.every(scalar => Object.is(scalar, 0)) && shapes.size === 0;
    check(isFresh, 'count', 'is 0, but there are sums');
    return;
  }
  const names = ['r', ...Array.from(c, (_, j) => `r_${j + 1}`), ...sumNames];
  scalars.forEach((scalar, at) => {
    check(Number.isFinite(scalar), `scalars: ${names[at] ?? `number ${at}`}`, `is ${scalar}`);
  });
  check(isWeighted ? N > 0 : N === count, 'scalars: N', `is ${N}, impossible for ${count} poses`);
  // The factor exp(σ(h_n − r)) is 1 for the reference pose. For all others it is below 2.72, since σ(h_n − r) is at
  // most 1.
  const isPossible = S >= (isWeighted ? Number.MIN_VALUE : 1) && S <= N * 2.72;
  check(isPossible, 'scalars: S', `is ${S}, impossible for ${count} poses`);
  // S − N is summed separately, so it differs from the difference of S and N by rounding.
  const isConsistent = Math.abs(S - (N + excess)) <= N * 1e-9;
  check(isConsistent, 'scalars: S − N', `is ${excess}, but S is ${S} and N ${N}`);
  // For each pose x = σ(ΔG_n − r) is at most 1. Its term in σ M_1 is m_n x exp(x), which is below 2.72 m_n.
  check(!isOfScore || sigma * M <= N * 2.72, 'scalars: M_1', `is ${M}, of the wrong sign`);
}

function readShape([name, shape]: [string, unknown]): [string, Shape] {
  check(isShape(shape), `shapes: ${name}`, `is ${show(shape)}, not a list of whole numbers`);
  return [name, shape as Shape];
}

/** Reads sums of `times` numbers for each number of a parameter. If `times` is 0, there must be no sums. */
function readSums(field: string, saved: unknown, shapes: ReadonlyMap<string, Shape>, times: number): Sums {
  const texts = new Map(Object.entries(recordOf(field, saved)));
  const sums: Sums = new Map();
  for (const [name, shape] of times > 0 ? shapes : []) {
    const who = `${field} of ${name}`;
    check(texts.has(name), who, 'is missing');
    const size = times * sizeOf(shape);
    const data = readNumbers(who, texts.get(name), size, ` of shape ${showShape(shape)}`);
    const bad = areFinite(data) ? -1 : data.findIndex(number => !Number.isFinite(number));
    check(bad < 0, who, `is ${data[bad]} at position ${bad}`);
    sums.set(name, data);
    texts.delete(name);
  }
  for (const name of texts.keys()) check(false, `${field} of ${name}`, 'is unexpected');
  return sums;
}

function readNumbers(who: string, text: unknown, size?: number, shape = ''): Float64Array {
  check(text !== undefined, who, 'is missing');
  check(typeof text === 'string', who, `is ${show(text)}, not base64 text`);
  const numbers = float64FromBase64(text as string);
  check(numbers !== undefined, who, 'is not base64 of float64 numbers');
  const { length } = numbers as Float64Array;
  check(size === undefined || length === size, who, `holds ${length} numbers, not the ${size}${shape}`);
  return numbers as Float64Array;
}

function checksumOf({ kind, settings }: Fold, { shapes, A, B, P, ...state }: State): string {
  const checksum = new Checksum();
  checksum.addText(kind);
  checksum.addBits(Float64Array.of(state.count));
  checksum.addBits(scalarsOf(state));
  const sorted = <T>(entries: Iterable<readonly [string, T]>) =>
    [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, setting] of sorted(Object.entries(settings))) {
    checksum.addText(name);
    checksum.addBits(Float64Array.of(setting));
  }
  for (const [name, shape] of sorted(shapes)) {
    checksum.addText(name);
    checksum.addBits(Float64Array.from(shape));
    for (const sums of [A, B, P]) checksum.addBits(sums.get(name) ?? new Float64Array());
  }
  return checksum.toString();
}

function recordOf(field: string, value: unknown): object {
  check(value !== undefined, field, 'is missing');
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  check(isRecord, field, `is ${show(value)}, not an object`);
  return value as object;
}

function check(isValid: boolean, field: string, fault: string): void {
  if (!isValid) throw new RangeError(`accumulator: ${field} ${fault}`);
}

/** Returns a text of at most 41 characters that shows any value. */
function show(value: unknown): string {
  const text = typeof value === 'string' || typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
