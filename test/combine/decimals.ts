/*
 * Fixed-point numbers of 400 decimals, a reference for float64 down to its least positive number. The BigInt x stands
 * for the number x · 10⁻⁴⁰⁰.
 */

const scale = 10n ** 400n;

/** Exact value of a float64 number, truncated to 400 decimals. */
export function decimal(number: number): bigint {
  const [view, sign] = [new DataView(new ArrayBuffer(8)), number < 0 ? -1n : 1n];
  view.setFloat64(0, Math.abs(number));
  const bits = view.getBigUint64(0);
  const exponent = Number(bits >> 52n);
  const mantissa = exponent === 0 ? bits & (2n ** 52n - 1n) : (bits & (2n ** 52n - 1n)) | (2n ** 52n);
  const shift = Math.max(exponent, 1) - 1075;
  const magnitude =
    shift >= 0 ? mantissa * scale * 2n ** BigInt(shift) : (mantissa * scale) >> BigInt(-shift);
  return sign * magnitude;
}

/** Product. */
export function times(a: bigint, b: bigint): bigint {
  return (a * b) / scale;
}

/** Quotient. */
export function over(a: bigint, b: bigint): bigint {
  return (a * scale) / b;
}

/** e^x: the exponential series of x/2^k, squared k times. The result is 0 for x < −930. */
export function exponential(x: bigint): bigint {
  if (x < -930n * scale) return 0n;
  if (x < 0n) return over(scale, exponential(-x));
  let [reduced, halvings] = [x, 0];
  for (; reduced > scale / 256n; halvings++) reduced /= 2n;
  let [sum, term] = [scale, scale];
  for (let n = 1n; term !== 0n; n++) {
    term = times(term, reduced) / n;
    sum += term;
  }
  for (; halvings > 0; halvings--) sum = times(sum, sum);
  return sum;
}

/** ln x for x > 0, by Halley's method, which starts from the logarithm in float64. */
export function logarithm(x: bigint): bigint {
  let y = decimal(Math.log(toNumber(x)));
  for (let step = 0; step < 3; step++) {
    const e = exponential(y);
    y += 2n * over(x - e, x + e);
  }
  return y;
}

/** Nearest float64 number. */
export function toNumber(x: bigint): number {
  const magnitude = x < 0n ? -x : x;
  if (magnitude === 0n) return 0;
  // Number of doublings after which the whole part of the number has about 64 bits.
  const doublings = 64 + scale.toString(2).length - magnitude.toString(2).length;
  const quotient =
    doublings >= 0 ? (magnitude << BigInt(doublings)) / scale : magnitude / (scale << BigInt(-doublings));
  // 2^−doublings alone may underflow, so it is applied in two steps.
  const first = Math.trunc(doublings / 2);
  const number = Number(quotient) * 2 ** -first * 2 ** -(doublings - first);
  return x < 0n ? -number : number;
}
