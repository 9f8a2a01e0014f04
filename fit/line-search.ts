/** A point in the space of the parameters, with the value and gradient of the function there. */
export interface Point {
  readonly x: Float64Array;
  /** NaN if the value or the gradient is not finite. */
  readonly value: number;
  /** The gradient. */
  readonly slope: Float64Array;
}

/** A point on the line x = start + a·direction. */
interface LinePoint {
  readonly a: number;
  readonly value: number;
  /** The slope along the line. */
  readonly along: number;
}

/** Constant of Armijo's condition on the decrease of the value (Nocedal and Wright, p. 33). */
const c1 = 1e-4;
/** Constant of the curvature condition (ibid., p. 34, for quasi-Newton directions). */
const c2 = 0.9;
/** Largest number of points tried on one line. */
const maxPoints = 30;
/** Smallest distance of a new point from the ends of its interval, as a share of the interval. */
const margin = 0.1;
/** Factor that shortens a step to a point where the value is not finite. */
const shrink = 0.2;

/**
 * Finds a point that satisfies the strong Wolfe conditions along a descent direction (J. Nocedal and S. J. Wright, Numerical
 * Optimization, 2nd edition, 2006, algorithms 3.5 and 3.6, with cubic interpolation). If there is none within 30 evaluations,
 * it returns the lowest point that satisfies Armijo's condition. A step to a value that is not finite is shortened to a
 * fifth. In comparisons, a value may be higher by four roundings: near a minimum, differences of values are noise,
 * while slopes are still accurate.
 *
 * @returns the point, or undefined if no point is better than the start
 */
export async function search(
  start: Point,
  direction: Float64Array,
  firstStep: number,
  evaluate: (x: Float64Array) => Promise<Point>,
): Promise<Point | undefined> {
  const origin: LinePoint = { a: 0, value: start.value, along: dot(direction, start.slope) };
  const noise = 4 * Number.EPSILON * Math.abs(start.value);
  let [low, lowPoint]: [LinePoint, Point | undefined] = [origin, undefined];
  let high: LinePoint | undefined;
  let a = firstStep;
  for (let tried = 0; tried < maxPoints; tried++) {
    const x = start.x.map((entry, i) => entry + a * (direction[i] as number));
    if (x.every((entry, i) => entry === start.x[i])) break;
    const point = await evaluate(x);
    const here: LinePoint = { a, value: point.value, along: dot(direction, point.slope) };
    const isLowEnough = here.value <= origin.value + c1 * a * origin.along + noise;
    if (!isLowEnough || here.value > low.value + noise) high = here;
    else if (Math.abs(here.along) <= -c2 * origin.along) return point;
    else {
      if (here.along * ((high?.a ?? Number.POSITIVE_INFINITY) - low.a) >= 0) high = low;
      [low, lowPoint] = [here, point];
    }
    // While the line has no upper end, each step is four times as long as the one before.
    a = high ? between(low, high) : 4 * a;
  }
  return lowPoint;
}

/**
 * Returns the minimum of the cubic with the values and slopes of two points (Nocedal and Wright, eq. 3.59), but at least the
 * share `margin` of their distance away from both. If the cubic has no minimum, it returns the middle; if `high` is not finite,
 * the point at the share `shrink`, counted from `low`.
 */
function between(low: LinePoint, high: LinePoint): number {
  const width = high.a - low.a;
  if (!Number.isFinite(high.value) || !Number.isFinite(high.along)) return low.a + shrink * width;
  const d1 = low.along + high.along - (3 * (low.value - high.value)) / (low.a - high.a);
  const d2 = Math.sign(width) * Math.sqrt(d1 ** 2 - low.along * high.along);
  const cubic = high.a - (width * (high.along + d2 - d1)) / (high.along - low.along + 2 * d2);
  const share = (cubic - low.a) / width;
  if (!Number.isFinite(share)) return low.a + width / 2;
  return low.a + width * Math.min(1 - margin, Math.max(margin, share));
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
