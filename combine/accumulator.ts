import type { Shape } from '../engine/shape.ts';
import { sameShape, showShape } from '../engine/shape.ts';
import { areFinite, type Tensor } from '../engine/tensor.ts';
import { type AccumulatorJSON, readState, type State, type Sums, writeState } from './accumulator-json.ts';
import { checkSameFold, type Fold, type Moments } from './fold.ts';
import type { Tensors } from './params.ts';
import { type Part, type Reference, type Term, weightOf } from './term.ts';

/** Pose weight and loss of one pose, for {@link Accumulator.add}. */
export interface PoseTerm {
  /** The pose weight m_n, such as a multiplicity. Default 1. */
  readonly weight?: number;
  /** The loss L_n of the pose. Default 0. */
  readonly poseLoss?: number;
  /** The slope L′_n = ∂L_n/∂ΔG_n. Default 0. */
  readonly poseLossGradient?: number;
  /**
   * Derivatives of L_n at fixed ΔG_n, for the parameters that the loss itself reads. Each must have the name and shape of an
   * entry of the gradient. Default none.
   */
  readonly poseLossDirect?: Tensors;
}

/** Result of an {@link Accumulator}. */
export interface AccumulatorResult {
  /** ΔG. */
  readonly value: number;
  /** ∂ΔG/∂θ = Σ c_n g_n. */
  readonly gradient: Record<string, Tensor<Float64Array>>;
  /** Σ L_n. */
  readonly poseLoss: number;
  /** The derivative of Σ L_n with respect to θ. */
  readonly poseLossGradient: Record<string, Tensor<Float64Array>>;
  /** Number of poses added. */
  readonly count: number;
}

/** Positions in the array of scalar sums S, S − N, N, Σ e_n² and Σ L_n, followed by M_1, M_2, … from position `M`. */
const [S, excess, N, squares, poseLosses, M] = [0, 1, 2, 3, 4, 5] as const;

/** Height h_n and values p_nj of a pose. */
type Point = Pick<Term, 'height' | 'values'>;

/**
 * Sums over the poses added so far, from which ΔG and its gradient follow. A, B_j and P have the size of θ, for any number of
 * poses. A combination makes one: `lse({ t: 2 }).accumulator()`.
 *
 *     S = Σ e_n                     A = Σ e_n ∂h_n                                P = Σ ∂L_n
 *     M_j = Σ e_n (p_nj − r_j)      B_j = Σ e_n (∂p_nj + (p_nj − r_j) ∂h_n)       with e_n = m_n exp(σ (h_n − r))
 *
 * docs/maths.md explains the letters. The reference pose has the height r and the values r_j. A new pose with
 * σ (h_n − r) > 1 becomes the reference, with the height r′ and the values r′_j, and the sums are converted to it.
 * With η = exp(σ(r − r′)), and on the right the sums before the conversion,
 *
 *     M_j ← η(M_j + (r_j − r′_j)S)    B_j ← η(B_j + (r_j − r′_j)A)    S ← ηS    A ← ηA
 *
 * So no exponent exceeds 1, and exp never overflows. A sum overflows if its terms reach about 1e308. Pose weights
 * should lie between 1e-150 and 1e150: otherwise Σ e_n², which the effective sample size needs, overflows or
 * underflows. Values are measured from r_j, not from 0, because sums of raw energies cancel catastrophically when ΔG is
 * large. To merge two accumulators, the one whose reference has the smaller σ r is converted to the other's reference,
 * and the sums are added. Merging is commutative, and associative up to rounding, so poses may be divided among workers
 * in any way.
 *
 * Each conversion rounds the sums. But when poses are added, each conversion also divides the terms of all earlier
 * poses by more than 2.7, so a pose takes part in few conversions before its terms are negligible. A merge adds at most
 * one conversion. The scalar sums use compensated summation (A. Neumaier, Z. Angew. Math. Mech. 54, 39, 1974).
 *
 * In the mean, and in LSE, the free energy and Boltzmann with a fixed t or kT, h_n and p_n are both the score ΔG_n. Then
 * ∂h_n = ∂p_n = g_n, A serves for both, and B keeps only the deviations: B = Σ e_n (ΔG_n − r) g_n.
 *
 * @example
 * const half = boltzmann().accumulator();
 * half.add(-7.1, { w: tensor([0.2, 0.4]) });
 * const whole = half.merge(otherHalf);
 * whole.result().gradient.w;
 */
export class Accumulator {
  readonly #fold: Fold;
  #count = 0;
  #r = 0;
  #rValues: Float64Array = new Float64Array();
  /** e_n (p_nj − r_j) of the pose or group that is being added. */
  #deviations: Float64Array = new Float64Array();
  #sums: Float64Array = new Float64Array(M);
  /** Rounding error of each sum, to be added to it. */
  #lost: Float64Array = new Float64Array(M);
  #shapes: ReadonlyMap<string, Shape> | undefined;
  #A: Sums = new Map();
  /** For each parameter, the sum B_1, followed by B_2 and so on. */
  #B: Sums = new Map();
  /** Empty until the first pose with a loss. */
  #P: Sums = new Map();

  constructor(fold: Fold) {
    this.#fold = fold;
  }

  /** Name of the combination that made the accumulator. */
  get kind(): string {
    return this.#fold.kind;
  }

  /** The fold of the combination that made the accumulator. */
  get fold(): Fold {
    return this.#fold;
  }

  /** Number of poses added. */
  get count(): number {
    return this.#count;
  }

  /** (Σ w_n)²/Σ w_n²: the equivalent number of equally weighted poses; 0 if there are no poses. */
  get effectiveSampleSize(): number {
    return this.#count === 0 ? 0 : this.#sumAt(S) ** 2 / this.#sumAt(squares);
  }

  /** Bytes of the sums A, B_j and P, each of which has the size of θ; 0 before the first gradient. */
  get bytes(): number {
    let bytes = 0;
    for (const sums of [this.#A, this.#B, this.#P])
      for (const { byteLength } of sums.values()) bytes += byteLength;
    return bytes;
  }

  /** The reference and the scalar sums. */
  get moments(): Moments {
    return {
      r: this.#r,
      c: this.#rValues,
      S: this.#sumAt(S),
      excess: this.#sumAt(excess),
      M: this.#rValues.map((_, j) => this.#sumAt(M + j)),
      N: this.#sumAt(N),
    };
  }

  /** Σ L_n. */
  get poseLoss(): number {
    return this.#sumAt(poseLosses);
  }

  /**
   * Adds one pose: ΔG_n, its gradient g_n by parameter name, its pose weight, and its loss. Pass `null` as the gradient if it
   * is not wanted or is known not to matter; the derivatives of the pose's loss are then ignored, too. A pose with pose weight
   * 0 is left out. After an error the state is unchanged.
   *
   * @throws RangeError for a number that is not finite; a pose weight that is negative, or not 1 if the combination takes no
   * pose weights; gradients whose names or shapes differ from those of earlier poses; or a poseLossDirect of a name or shape
   * that the gradient lacks. TypeError for a combination that averages anything but the score, such as a `pooling`
   */
  add(
    prediction: number,
    gradient: Tensors | null,
    { weight = 1, poseLoss = 0, poseLossGradient = 0, poseLossDirect = {} }: PoseTerm = {},
  ): void {
    if (!this.#fold.isOfScore)
      throw new TypeError(
        `Accumulator.add: a pose of ${this.kind} is more than one number; use accumulatePoses`,
      );
    checkFinite({ prediction, weight, poseLoss, poseLossGradient }, 'the gradient', gradient);
    checkFinite({}, 'poseLossDirect', poseLossDirect, gradient);
    if (weight < 0) throw new RangeError(`Accumulator.add: weight is ${weight}, below 0`);
    if (weight !== 1 && !this.#fold.isWeighted)
      throw new RangeError(`Accumulator.add: weight is ${weight}, but ${this.kind} takes no pose weights`);
    if (weight === 0) return;
    const parts: Part[] = gradient
      ? [
          { gradient, toHeight: 1, toValues: [0], toLoss: poseLossGradient },
          { gradient: poseLossDirect, toHeight: 0, toValues: [0], toLoss: 1 },
        ]
      : [];
    const term: Term = { weight, height: prediction, values: [prediction] };
    this.addTerms([term], term, parts, poseLoss);
  }

  /**
   * Adds poses of finite numbers and pose weights above 0.
   *
   * @param reference for one pose, its term; for a group, a term with the height and values that the group's tape used
   * as reference, and weight 1
   * @param parts gradients of the pose or group. The first has all parameters, later ones may have fewer. Empty if gradients
   * are not wanted
   * @param poseLoss the sum of the poses' losses
   * @internal
   */
  addTerms(terms: readonly Term[], reference: Reference, parts: readonly Part[], poseLoss = 0): void {
    let best = terms[0] as Term;
    for (const term of terms) {
      checkValues(term.values, this.#count > 0 ? this.#rValues : best.values);
      if (this.#isBetter(term, best)) best = term;
    }
    const [first] = parts;
    if (first) this.#checkShapes(first.gradient, reference.values.length);
    if (this.#count === 0) {
      this.#sums = new Float64Array(M + best.values.length);
      this.#lost = this.#sums.slice();
      this.#deviations = new Float64Array(best.values.length);
      this.#setReference(best);
    } else if (this.#fold.sigma * (best.height - this.#r) > 1) this.#measureFrom(best);
    for (const term of terms) this.#addNumbers(term);
    this.#addTo(poseLosses, poseLoss);
    if (!first) return;
    const e = weightOf(reference, this.#fold.sigma, this.#r);
    this.#setDeviations(reference, e);
    for (const part of parts) this.#addPart(part, e);
  }

  #addNumbers(term: Term): void {
    const e = weightOf(term, this.#fold.sigma, this.#r);
    this.#count++;
    this.#addTo(N, term.weight);
    this.#addTo(S, e);
    this.#addTo(squares, e * e);
    this.#addTo(excess, term.weight * Math.expm1(this.#fold.sigma * (term.height - this.#r)));
    this.#setDeviations(term, e);
    for (let j = 0; j < this.#rValues.length; j++) this.#addTo(M + j, this.#deviations[j] as number);
  }

  #sumAt(at: number): number {
    // If a sum has overflowed, its rounding error is NaN, and 0 is added instead.
    return (this.#sums[at] as number) + (this.#lost[at] || 0);
  }

  #addTo(at: number, summand: number): void {
    const before = this.#sums[at] as number;
    const after = before + summand;
    this.#sums[at] = after;
    (this.#lost[at] as number) +=
      Math.abs(before) < Math.abs(summand) ? summand - after + before : before - after + summand;
  }

  /** Sets the deviations e_n (p_nj − r_j) of a pose or a group. */
  #setDeviations({ values }: Term, e: number): void {
    for (let j = 0; j < values.length; j++)
      this.#deviations[j] = zeroOrProduct(e, (values[j] as number) - (this.#rValues[j] as number));
  }

  #addPart({ gradient, toHeight, toValues, toLoss }: Part, e: number): void {
    const deviations = this.#deviations;
    for (const name of Object.keys(gradient)) {
      const { data } = gradient[name] as Tensor;
      addScaled(this.#A.get(name), e * toHeight, data, 0);
      const B = this.#B.get(name);
      for (let j = 0; B && j < deviations.length; j++) {
        const factor = e * (toValues[j] as number) + (deviations[j] as number) * toHeight;
        addScaled(B, factor, data, j * data.length);
      }
      if (toLoss === 0) continue;
      if (this.#P.size === 0) this.#P = this.#zeros();
      addScaled(this.#P.get(name), toLoss, data, 0);
    }
  }

  /**
   * Upper bound on the share of a pose in the result: (e_n/S)(1 + |σ(h_n − r)|). It is 1 if σ(h_n − r) ≥ 0, and 0 if
   * e_n underflows. Poses added later only lower the share.
   */
  influence(height: number, weight = 1): number {
    if (this.#count === 0) return 1;
    const exponent = this.#fold.sigma * (height - this.#r);
    if (exponent >= 0) return 1;
    const e = weight * Math.exp(exponent);
    return e === 0 ? 0 : Math.max((e / this.#sumAt(S)) * (1 - exponent), Number.MIN_VALUE);
  }

  /**
   * Returns a new accumulator with the poses of both. Merging is commutative to the bit and associative up to rounding, and an
   * empty accumulator changes nothing.
   *
   * @throws TypeError for an accumulator of another combination, RangeError for one with other parameters or another
   * number of values
   */
  merge(other: Accumulator): Accumulator {
    const merged = this.#clone();
    merged.absorb(other.#clone());
    return merged;
  }

  /** Merges `added` into this accumulator without copies. Don't use `added` afterwards. */
  absorb(added: Accumulator): void {
    checkSameFold('Accumulator.merge: the other', this.#fold, added.#fold);
    if (added.#count === 0) return;
    if (this.#count === 0) {
      this.#take(added.state);
      return;
    }
    checkValues(added.#rValues, this.#rValues);
    if (added.#shapes) this.#checkShapes(added.#tensors(added.#A), added.#rValues.length);
    if (this.#isBetter(added.#reference, this.#reference)) this.#measureFrom(added.#reference);
    else if (added.#isBetter(this.#reference, added.#reference)) added.#measureFrom(this.#reference);
    this.#count += added.#count;
    added.#sums.forEach((sum, at) => {
      (this.#lost[at] as number) += added.#lost[at] as number;
      this.#addTo(at, sum);
    });
    addSums(this.#A, added.#A);
    addSums(this.#B, added.#B);
    if (this.#P.size === 0) this.#P = added.#P;
    else addSums(this.#P, added.#P);
  }

  /**
   * Returns ΔG and its gradient, and the sum of the poses' losses and its gradient, in fresh arrays.
   *
   * @throws RangeError if there are no poses, TypeError for a `pooling`, whose ΔG may need the parameters: use `finish`
   */
  result(): AccumulatorResult {
    if (this.#count === 0) throw new RangeError('Accumulator.result: no poses were added');
    if (!this.#fold.isOfScore)
      throw new TypeError(`Accumulator.result: ΔG of ${this.kind} needs the parameters; use finish`);
    return {
      value: this.#fold.summary(this.moments)[0] as number,
      gradient: this.gradient([1]),
      poseLoss: this.poseLoss,
      poseLossGradient: this.#tensors(this.#P.size > 0 ? copyOf(this.#P) : this.#zeros()),
      count: this.#count,
    };
  }

  /**
   * Returns the gradient a·A + Σ b_j·B_j of an objective, in fresh arrays.
   *
   * @param slopes of the objective in each number of the fold's `summary`
   * @internal
   */
  gradient(slopes: ArrayLike<number>): Record<string, Tensor<Float64Array>> {
    const { a, b } = this.#fold.factors(this.moments, slopes);
    const gradient: Sums = new Map();
    for (const [name, A] of this.#A) {
      // Adding 0 turns −0 into 0.
      const combined = A.map(entry => a * entry + 0);
      const B = this.#B.get(name);
      for (const [j, factor] of B ? b.entries() : [])
        addScaled(combined, factor, B?.subarray(j * A.length, (j + 1) * A.length), 0);
      gradient.set(name, combined);
    }
    return this.#tensors(gradient);
  }

  /** The sums P by parameter name; empty if no pose has a loss. Do not write to them. @internal */
  get poseLossSums(): ReadonlyMap<string, Float64Array> {
    return this.#P;
  }

  /** The state as JSON: `JSON.stringify(accumulator)`. Read it back by `combination.accumulator(json)`. */
  toJSON(): AccumulatorJSON {
    return writeState(this.#fold, this.state);
  }

  /** Reads the JSON that {@link toJSON} wrote. A combination calls this with its own fold. */
  static fromJSON(fold: Fold, json: AccumulatorJSON): Accumulator {
    return Accumulator.of(fold, readState(fold, json));
  }

  /** Returns an accumulator that uses the arrays of this state, without copies. @internal */
  static of(fold: Fold, state: State): Accumulator {
    const accumulator = new Accumulator(fold);
    accumulator.#take(state);
    return accumulator;
  }

  /** The whole state, for another thread or a file. It holds the accumulator's own arrays, not copies. @internal */
  get state(): State {
    return {
      count: this.#count,
      r: this.#r,
      c: this.#rValues,
      sums: this.#sums,
      lost: this.#lost,
      shapes: this.#shapes ?? new Map(),
      A: this.#A,
      B: this.#B,
      P: this.#P,
    };
  }

  #clone(): Accumulator {
    const { sums, lost, A, B, P, ...rest } = this.state;
    const copies = { sums: sums.slice(), lost: lost.slice(), A: copyOf(A), B: copyOf(B), P: copyOf(P) };
    const clone = Accumulator.of(this.#fold, { ...rest, ...copies });
    clone.#shapes = this.#shapes;
    return clone;
  }

  #take(state: State): void {
    this.#count = state.count;
    this.#r = state.r;
    this.#rValues = state.c;
    this.#deviations = new Float64Array(state.c.length);
    this.#sums = state.sums;
    this.#lost = state.lost;
    if (state.shapes.size > 0) this.#shapes = state.shapes;
    this.#A = state.A;
    this.#B = state.B;
    this.#P = state.P;
  }

  /** Converts the sums to another reference. */
  #measureFrom({ height, values }: Point): void {
    const logEta = this.#fold.sigma * (this.#r - height);
    const eta = Math.exp(logEta);
    // Each shift includes the factor η, since shift · A may overflow without it.
    const shifts = this.#rValues.map((c, j) => zeroOrProduct(eta, c - (values[j] as number)));
    const growth = Math.expm1(logEta);
    for (const sums of [this.#sums, this.#lost]) {
      shifts.forEach((shift, j) => {
        sums[M + j] = eta * (sums[M + j] as number) + shift * (sums[S] as number);
      });
      sums[excess] = eta * (sums[excess] as number) + growth * (sums[N] as number);
      (sums[S] as number) *= eta;
      (sums[squares] as number) *= eta * eta;
    }
    for (const [name, A] of this.#A) {
      const B = this.#B.get(name);
      for (let j = 0; B && j < shifts.length; j++) {
        const shift = shifts[j] as number;
        for (let i = 0, at = j * A.length; i < A.length; i++, at++)
          B[at] = eta * (B[at] as number) + shift * (A[i] as number);
      }
      for (let i = 0; i < A.length; i++) (A[i] as number) *= eta;
    }
    this.#setReference({ height, values });
  }

  /** Sets the reference. Adding 0 turns −0 into 0, so that equal predictions leave equal bits. */
  #setReference({ height, values }: Point): void {
    this.#r = height + 0;
    this.#rValues = Float64Array.from(values, value => value + 0);
  }

  get #reference(): Point {
    return { height: this.#r, values: this.#rValues };
  }

  /**
   * True if the first point has the larger σ h_n or, for σ = 0, the smaller height. If the heights are equal, the first value
   * that differs decides: the smaller one wins.
   */
  #isBetter({ height, values }: Point, other: Point): boolean {
    if (height !== other.height) return this.#fold.sigma > 0 ? height > other.height : height < other.height;
    for (let j = 0; j < values.length; j++) {
      const [value, otherValue] = [values[j] as number, other.values[j] as number];
      if (value !== otherValue) return value < otherValue;
    }
    return false;
  }

  /** Zeros of the size of θ. */
  #zeros(): Sums {
    return new Map([...this.#A].map(([name, { length }]) => [name, new Float64Array(length)]));
  }

  /**
   * For the first gradient, stores names and shapes, and makes sums of zeros.
   *
   * @throws RangeError if a later gradient has other names or shapes
   */
  #checkShapes(gradient: Tensors, values: number): void {
    const entries = Object.entries(gradient);
    if (!this.#shapes) {
      this.#shapes = new Map(entries.map(([name, { shape }]) => [name, shape]));
      for (const [name, { data }] of entries) {
        this.#A.set(name, new Float64Array(data.length));
        if (this.#fold.usesB && values > 0) this.#B.set(name, new Float64Array(values * data.length));
      }
      return;
    }
    const shapes = this.#shapes;
    if (entries.length !== shapes.size || !entries.every(([name]) => shapes.has(name))) {
      const [names, earlier] = [Object.keys(gradient), [...shapes.keys()]];
      throw new RangeError(
        `Accumulator: a pose has gradients of (${names.join(', ')}), but earlier poses have (${earlier.join(', ')})`,
      );
    }
    for (const [name, { shape }] of entries) {
      const earlier = shapes.get(name) as Shape;
      if (!sameShape(shape, earlier)) {
        throw new RangeError(
          `Accumulator: the gradient of ${name} has shape ${showShape(shape)}, but earlier poses have ${showShape(earlier)}`,
        );
      }
    }
  }

  #tensors(sums: Sums): Record<string, Tensor<Float64Array>> {
    return Object.fromEntries(
      [...sums].map(([name, data]) => [name, { data, shape: this.#shapes?.get(name) as Shape }]),
    );
  }
}

/**
 * Checks numbers, and a gradient that messages call `what`.
 *
 * @throws RangeError for a number that is not finite, or a tensor of the gradient whose name or shape is not in `like`
 */
function checkFinite(
  numbers: Readonly<Record<string, number>>,
  what: string,
  gradient: Tensors | null,
  like?: Tensors | null,
): void {
  for (const [name, number] of Object.entries(numbers))
    if (!Number.isFinite(number)) throw new RangeError(`Accumulator.add: ${name} is ${number}`);
  for (const [name, { data, shape }] of Object.entries(gradient ?? {})) {
    if (like && `${like[name]?.shape}` !== `${shape}`)
      throw new RangeError(
        `Accumulator.add: ${what} has ${name} of shape [${shape}], which the gradient lacks`,
      );
    if (areFinite(data)) continue;
    const bad = data.findIndex(entry => !Number.isFinite(entry));
    throw new RangeError(`Accumulator.add: ${what} of ${name} is ${data[bad]} at position ${bad}`);
  }
}

/** @throws RangeError unless a pose has as many values as an earlier pose */
function checkValues({ length }: ArrayLike<number>, earlier: ArrayLike<number>): void {
  if (length !== earlier.length) {
    throw new RangeError(
      `Accumulator: a pose has ${length} values, but earlier poses have ${earlier.length}`,
    );
  }
}

/** Returns e · d, but 0 if e is 0 and d is infinite. */
function zeroOrProduct(e: number, d: number): number {
  return e === 0 ? 0 : e * d;
}

function copyOf(sums: Sums): Sums {
  return new Map([...sums].map(([name, sum]) => [name, sum.slice()]));
}

function addSums(sums: Sums, added: Sums): void {
  for (const [name, sum] of sums) addScaled(sum, 1, added.get(name), 0);
}

/** Adds factor · data to the part of a sum that begins at `start`. */
export function addScaled(
  sum: Float64Array | undefined,
  factor: number,
  data: Tensor['data'] | undefined,
  start: number,
): void {
  if (!sum || !data || factor === 0) return;
  const { length } = data;
  let i = 0;
  // The loop is unrolled by four, which takes a third less time for a large θ.
  for (const end = length - 3; i < end; i += 4) {
    const at = start + i;
    (sum[at] as number) += factor * (data[i] as number);
    (sum[at + 1] as number) += factor * (data[i + 1] as number);
    (sum[at + 2] as number) += factor * (data[i + 2] as number);
    (sum[at + 3] as number) += factor * (data[i + 3] as number);
  }
  for (; i < length; i++) (sum[start + i] as number) += factor * (data[i] as number);
}
