import type { Shape } from '../engine/shape.ts';
import { sameShape, showShape } from '../engine/shape.ts';
import { areFinite, type Tensor } from '../engine/tensor.ts';
import { type AccumulatorJSON, readState, type Sums, writeState } from './accumulator-json.ts';
import { checkSameFold, type Fold } from './fold.ts';

/** Tensors by parameter name. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** What a pose's own loss adds. */
export interface PoseLossTerm {
  /** Its value l_n. */
  readonly poseLoss?: number;
  /** Its slope l′_n = ∂l_n/∂ΔG_n. */
  readonly poseLossGradient?: number;
  /** ∂l_n/∂θ at fixed ΔG_n, for the parameters that it reads itself. */
  readonly poseLossDirect?: Tensors;
}

/** What an accumulator has come to. */
export interface AccumulatorResult {
  /** ΔG. */
  readonly value: number;
  /** ∂ΔG/∂θ = Σ c_n g_n. */
  readonly gradient: Record<string, Tensor<Float64Array>>;
  /** Σ l_n. */
  readonly poseLoss: number;
  /** Σ l′_n g_n + ∂l_n/∂θ. */
  readonly poseLossGradient: Record<string, Tensor<Float64Array>>;
  readonly count: number;
}

/**
 * All that need be kept of the poses seen so far, whatever their number: sums of the size of θ.
 *
 *     S = Σ e_n          A = Σ e_n g_n                    P = Σ l′_n g_n + ∂l_n/∂θ
 *     D = Σ e_n d_n      B = Σ e_n d_n g_n                with d_n = ΔG_n − r,  e_n = exp(σ d_n)
 *
 * r is the best ΔG so far. When a pose brings a better r′, everything is carried over to it: with q = exp(σ(r − r′)),
 *
 *     S ← qS    A ← qA    D ← qD + q(r − r′)S    B ← qB + q(r − r′)A
 *
 * No exponent is ever positive, so nothing overflows; and energies are measured from r, not from 0, because
 * (1 + βΔG)A − βB on raw energies cancels catastrophically when ΔG is large. Two accumulators merge by the same rule:
 * they form a commutative monoid, so poses may be split over workers in any way.
 *
 * Made by a combination: `lse({ t: 2 }).accumulator()`.
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
  #S = 0;
  #D = 0;
  #poseLoss = 0;
  #shapes: ReadonlyMap<string, Shape> | undefined;
  #A: Sums = new Map();
  #B: Sums = new Map();
  #P: Sums = new Map();

  constructor(fold: Fold) {
    this.#fold = fold;
  }

  get kind(): string {
    return this.#fold.kind;
  }

  /** How many poses were added. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of the state: of the size of θ, 0 before the first gradient. */
  get bytes(): number {
    let bytes = 0;
    for (const sums of [this.#A, this.#B, this.#P])
      for (const { byteLength } of sums.values()) bytes += byteLength;
    return bytes;
  }

  /**
   * Folds one pose in: ΔG_n, its gradient g_n by parameter name (`null` where it is not wanted or known not to matter), and
   * what its own loss adds.
   *
   * @throws RangeError for a prediction or loss that is not finite, or gradients of other names or shapes than before;
   * the state is then as it was
   */
  add(
    prediction: number,
    gradient: Tensors | null,
    { poseLoss = 0, poseLossGradient = 0, poseLossDirect = {} }: PoseLossTerm = {},
  ): void {
    checkFinite({ prediction, poseLoss, poseLossGradient }, gradient);
    if (gradient) this.#checkShapes(gradient);
    this.#measureFrom(prediction);
    const d = prediction - this.#r;
    const e = Math.exp(this.#fold.sigma * d);
    const ed = vanishing(e, d);
    this.#count++;
    this.#S += e;
    this.#D += ed;
    this.#poseLoss += poseLoss;
    for (const [name, { data }] of Object.entries(gradient ?? {})) {
      addScaled(this.#A.get(name), e, data);
      addScaled(this.#B.get(name), ed, data);
      addScaled(this.#P.get(name), poseLossGradient, data);
    }
    for (const [name, { data }] of Object.entries(poseLossDirect)) addScaled(this.#P.get(name), 1, data);
  }

  /**
   * How much the pose of this prediction can still matter, as a share: (e_n/S)(1 + |σ(ΔG_n − r)|), 0 if its weight
   * underflows. Poses to come only push it lower.
   */
  influence(prediction: number): number {
    if (this.#count === 0) return 1;
    const exponent = this.#fold.sigma * (prediction - this.#r);
    if (exponent >= 0) return 1;
    const e = Math.exp(exponent);
    return e === 0 ? 0 : Math.max((e / this.#S) * (1 - exponent), Number.MIN_VALUE);
  }

  /**
   * One accumulator of the poses of both; neither is changed. Commutative to the bit, associative within rounding, and
   * an empty one changes nothing.
   *
   * @throws TypeError for another combination, RangeError for other parameters
   */
  merge(other: Accumulator): Accumulator {
    checkSameFold('Accumulator.merge', this.#fold, other.#fold);
    if (this.#count === 0) return other.#clone();
    const merged = this.#clone();
    if (other.#count === 0) return merged;
    if (other.#shapes) merged.#checkShapes(other.#sums(other.#A));
    const added = other.#clone();
    merged.#measureFrom(added.#r);
    added.#measureFrom(merged.#r);
    merged.#count += added.#count;
    merged.#S += added.#S;
    merged.#D += added.#D;
    merged.#poseLoss += added.#poseLoss;
    addSums(merged.#A, added.#A);
    addSums(merged.#B, added.#B);
    addSums(merged.#P, added.#P);
    return merged;
  }

  /**
   * ΔG, its gradient, and the sums of the poses' own losses, as fresh arrays.
   *
   * @throws RangeError before the first pose
   */
  result(): AccumulatorResult {
    if (this.#count === 0) throw new RangeError('Accumulator.result: no poses were added');
    const { a, b } = this.#fold.factors(this.#S, this.#D);
    const gradient: Sums = new Map();
    for (const [name, A] of this.#A) {
      const B = this.#B.get(name);
      const combined = A.slice();
      for (let i = 0; i < A.length; i++) combined[i] = a * (A[i] as number) + (B ? b * (B[i] as number) : 0);
      gradient.set(name, combined);
    }
    return {
      value: this.#r + this.#fold.above(this.#S, this.#D),
      gradient: this.#sums(gradient),
      poseLoss: this.#poseLoss,
      poseLossGradient: this.#sums(copyOf(this.#P)),
      count: this.#count,
    };
  }

  /** The state as JSON: `JSON.stringify(accumulator)`. Read it back by `combination.accumulator(json)`. */
  toJSON(): AccumulatorJSON {
    return writeState(this.#fold, {
      count: this.#count,
      scalars: [this.#r, this.#S, this.#D, this.#poseLoss],
      shapes: this.#shapes ?? new Map(),
      A: this.#A,
      B: this.#B,
      P: this.#P,
    });
  }

  /** The accumulator that {@link toJSON} described; a combination calls it with its own fold. */
  static fromJSON(fold: Fold, json: AccumulatorJSON): Accumulator {
    const accumulator = new Accumulator(fold);
    const { count, scalars, shapes, A, B, P } = readState(fold, json);
    accumulator.#count = count;
    [accumulator.#r, accumulator.#S, accumulator.#D, accumulator.#poseLoss] = scalars;
    if (shapes.size > 0) accumulator.#shapes = shapes;
    accumulator.#A = A;
    accumulator.#B = B;
    accumulator.#P = P;
    return accumulator;
  }

  #clone(): Accumulator {
    const clone = new Accumulator(this.#fold);
    clone.#count = this.#count;
    clone.#r = this.#r;
    clone.#S = this.#S;
    clone.#D = this.#D;
    clone.#poseLoss = this.#poseLoss;
    clone.#shapes = this.#shapes;
    clone.#A = copyOf(this.#A);
    clone.#B = copyOf(this.#B);
    clone.#P = copyOf(this.#P);
    return clone;
  }

  /** Carries the state over to `prediction` as the r to measure from, if it is the better one. */
  #measureFrom(prediction: number): void {
    // The sum makes 0 of −0, so that equal predictions leave equal bits.
    if (this.#count === 0) this.#r = prediction + 0;
    if (!isBetter(this.#fold, prediction, this.#r)) return;
    const shift = this.#r - prediction;
    const q = Math.exp(this.#fold.sigma * shift);
    // Taken first: shift·A alone may overflow, where a small q leaves little or nothing of it.
    const qShift = vanishing(q, shift);
    this.#D = q * this.#D + qShift * this.#S;
    this.#S *= q;
    for (const [name, A] of this.#A) {
      const B = this.#B.get(name);
      for (let i = 0; i < A.length; i++) {
        if (B) B[i] = q * (B[i] as number) + qShift * (A[i] as number);
        (A[i] as number) *= q;
      }
    }
    this.#r = prediction + 0;
  }

  /** Sets the shapes by the first gradients, and holds all later ones to them. */
  #checkShapes(gradient: Tensors): void {
    const given = Object.entries(gradient);
    if (!this.#shapes) {
      this.#shapes = new Map(given.map(([name, { shape }]) => [name, shape]));
      for (const [name, { data }] of given) {
        this.#A.set(name, new Float64Array(data.length));
        if (this.#fold.usesB) this.#B.set(name, new Float64Array(data.length));
        this.#P.set(name, new Float64Array(data.length));
      }
      return;
    }
    const shapes = this.#shapes;
    if (given.length !== shapes.size || !given.every(([name]) => shapes.has(name))) {
      const [now, before] = [given.map(([name]) => name), [...shapes.keys()]];
      throw new RangeError(
        `Accumulator: gradients of (${now.join(', ')}), but before of (${before.join(', ')})`,
      );
    }
    for (const [name, { shape }] of given) {
      const before = shapes.get(name) ?? [];
      if (!sameShape(shape, before)) {
        throw new RangeError(
          `Accumulator: the gradient of ${name} has shape ${showShape(shape)}, but before ${showShape(before)}`,
        );
      }
    }
  }

  #sums(sums: Sums): Record<string, Tensor<Float64Array>> {
    return Object.fromEntries(
      [...sums].map(([name, data]) => [name, { data, shape: this.#shapes?.get(name) ?? [] }]),
    );
  }
}

function checkFinite(numbers: Readonly<Record<string, number>>, gradient: Tensors | null): void {
  for (const [name, number] of Object.entries(numbers)) {
    if (!Number.isFinite(number)) throw new RangeError(`Accumulator.add: ${name} is ${number}`);
  }
  for (const [name, { data }] of Object.entries(gradient ?? {})) {
    if (areFinite(data)) continue;
    const bad = data.findIndex(entry => !Number.isFinite(entry));
    throw new RangeError(`Accumulator.add: the gradient of ${name} is ${data[bad]} at position ${bad}`);
  }
}

/** Whether ΔG `a` has a larger weight than `b`. */
function isBetter({ sigma }: Fold, a: number, b: number): boolean {
  return sigma > 0 ? a > b : a < b;
}

/** e·d of a weight e that vanishes faster than the energy d grows, an overflow of d included. */
function vanishing(e: number, d: number): number {
  return e === 0 ? 0 : e * d;
}

function copyOf(sums: Sums): Sums {
  return new Map([...sums].map(([name, sum]) => [name, sum.slice()]));
}

function addSums(sums: Sums, added: Sums): void {
  for (const [name, sum] of sums) addScaled(sum, 1, added.get(name));
}

function addScaled(sum: Float64Array | undefined, factor: number, data: Tensor['data'] | undefined): void {
  if (!sum || !data || factor === 0) return;
  for (let i = 0, { length } = sum; i < length; i++) (sum[i] as number) += factor * (data[i] as number);
}
