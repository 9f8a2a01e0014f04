/** A point of a function of many numbers. */
export interface Point {
  readonly x: Float64Array;
  /** NaN if the value or the gradient is not finite. */
  readonly value: number;
  readonly slope: Float64Array;
}

/** A place along the line: x = start + a·direction. */
interface Place {
  readonly a: number;
  readonly value: number;
  /** The slope along the line. */
  readonly along: number;
}

/** The constant of Armijo's condition on the decrease of the value (Nocedal and Wright, p. 33). */
const c1 = 1e-4;
/** The constant of the curvature condition (ibid., p. 34, for quasi-Newton directions). */
const c2 = 0.9;
/** The most places tried on one line. */
const most = 30;
/** The least distance of a new place from the ends of its interval, as a share of the interval. */
const margin = 0.1;
/** The factor of a step whose end is not finite. */
const shrink = 0.2;

/**
 * A point that satisfies the strong Wolfe conditions along a descent direction (J. Nocedal and S. J. Wright, Numerical
 * Optimization, 2nd edition, 2006, algorithms 3.5 and 3.6, with cubic interpolation). If none is found in 30
 * evaluations, the lowest point that satisfies Armijo's condition. A step to a value that is not finite is shrunk to a
 * fifth. Values may rise by four roundings, since at a minimum they are noise while slopes are still accurate.
 *
 * @returns undefined if no point is better
 */
export async function search(
  start: Point,
  direction: Float64Array,
  firstStep: number,
  evaluate: (x: Float64Array) => Promise<Point>,
): Promise<Point | undefined> {
  const origin: Place = { a: 0, value: start.value, along: dot(direction, start.slope) };
  const noise = 4 * Number.EPSILON * Math.abs(start.value);
  let [low, lowPoint]: [Place, Point | undefined] = [origin, undefined];
  let high: Place | undefined;
  let a = firstStep;
  for (let tried = 0; tried < most; tried++) {
    const x = start.x.map((each, i) => each + a * (direction[i] as number));
    if (x.every((each, i) => each === start.x[i])) break;
    const point = await evaluate(x);
    const place: Place = { a, value: point.value, along: dot(direction, point.slope) };
    const isLowEnough = place.value <= origin.value + c1 * a * origin.along + noise;
    if (!isLowEnough || place.value > low.value + noise) high = place;
    else if (Math.abs(place.along) <= -c2 * origin.along) return point;
    else {
      if (place.along * ((high?.a ?? Number.POSITIVE_INFINITY) - low.a) >= 0) high = low;
      [low, lowPoint] = [place, point];
    }
    a = high ? between(low, high) : 4 * a;
  }
  return lowPoint;
}

/**
 * The minimum of the cubic through two places and their slopes (Nocedal and Wright, eq. 3.59), kept away from the ends.
 */
function between(low: Place, high: Place): number {
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
