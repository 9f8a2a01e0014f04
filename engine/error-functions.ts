import { type SpecialFunction, specialFunction } from './special.ts';

/*
 * The functions erf x = 2/√π ∫₀ˣ exp(−t²) dt and erfc x = 1 − erf x. They use the rational approximations of fdlibm's
 * s_erf.c, on the same intervals of x (Sun Microsystems, 1993). The error of erf is at most 1 ulp, and that of erfc at
 * most 2.5 ulp, in its tail too.
 */

/** The error function erf x, for `s.special`. It is odd, and rises from −1 to 1. */
export const errorFunction: SpecialFunction = /* @__PURE__ */ specialFunction('erf', x => {
  const size = Math.abs(x);
  if (size < 0.84375) return x + x * nearZero(x * x);
  const result = size < 1.25 ? atOne + nearOne(size - 1) : size < 6 ? 1 - tail(size) : 1;
  // Here |x| is at least 0.84375, or x is NaN. NaN is neither above nor below 0, so NaN is returned for it.
  return x > 0 ? result : x < 0 ? -result : x;
});

/** The complementary error function erfc x = 1 − erf x, for `s.special`. It falls from 2 to 0 as x grows. */
export const errorFunctionComplement: SpecialFunction = /* @__PURE__ */ specialFunction('erfc', x => {
  const size = Math.abs(x);
  if (size < 0.84375) {
    const rest = x * nearZero(x * x);
    // The second form is more accurate, since x − ½ is exact for x from ¼ on.
    return x < 0.25 ? 1 - (x + rest) : 0.5 - (x - 0.5 + rest);
  }
  if (size < 1.25) return x > 0 ? 1 - atOne - nearOne(size - 1) : 1 + (atOne + nearOne(size - 1));
  if (x > 0) return x < 28 ? tail(x) : 0;
  return x < -6 ? 2 : x < 0 ? 2 - tail(size) : x;
});

/** A number near erf 1 with only 24 significant bits, so that 1 − atOne is exact. It is fdlibm's `erx`. */
const atOne = 0.8450629115104675;

/** (erf x)/x − 1 as a function of z = x², for |x| up to 0.84375. */
const nearZero = (z: number) => quotient(z, zeroNumerator, zeroDenominator);
/** erf(1 + s) − {@link atOne} as a function of s, for s from −0.15625 to 0.25. */
const nearOne = (s: number) => quotient(s, oneNumerator, oneDenominator);

/** erfc x for x from 1.25 to 28, as exp(−x² − 0.5625 + R(1/x²))/x with a rational function R. */
function tail(x: number): number {
  const s = 1 / (x * x);
  const r =
    x < 1 / 0.35
      ? quotient(s, tailNumerator, tailDenominator)
      : quotient(s, farTailNumerator, farTailDenominator);
  // z is x rounded to 24 bits, so its square is exact.
  const z = Math.fround(x);
  return (Math.exp(-z * z - 0.5625) * Math.exp((z - x) * (z + x) + r)) / x;
}

/** (a₀ + a₁x + …)/(b₀ + b₁x + …) */
function quotient(x: number, numerator: readonly number[], denominator: readonly number[]): number {
  let [p, q] = [0, 0];
  for (let i = numerator.length - 1; i >= 0; i--) p = p * x + (numerator[i] as number);
  for (let i = denominator.length - 1; i >= 0; i--) q = q * x + (denominator[i] as number);
  return p / q;
}

// Coefficients of the numerators and denominators, the constant term first.
const zeroNumerator = [
  0.12837916709551256, -0.3250421072470015, -0.02848174957559851, -0.005770270296489442,
  -0.000023763016656650163,
];
const zeroDenominator = [
  1, 0.39791722395915535, 0.0650222499887673, 0.005081306281875766, 0.00013249473800432164,
  -0.000003960228278775368,
];
const oneNumerator = [
  -0.0023621185607526594, 0.41485611868374833, -0.3722078760357013, 0.31834661990116175, -0.11089469428239668,
  0.035478304325618236, -0.002166375594868791,
];
const oneDenominator = [
  1, 0.10642088040084423, 0.540397917702171, 0.07182865441419627, 0.12617121980876164, 0.01363708391202905,
  0.011984499846799107,
];
const tailNumerator = [
  -0.009864944034847148, -0.6938585727071818, -10.558626225323291, -62.375332450326006, -162.39666946257347,
  -184.60509290671104, -81.2874355063066, -9.814329344169145,
];
const tailDenominator = [
  1, 19.651271667439257, 137.65775414351904, 434.56587747522923, 645.3872717332679, 429.00814002756783,
  108.63500554177944, 6.570249770319282, -0.0604244152148581,
];
const farTailNumerator = [
  -0.0098649429247001, -0.799283237680523, -17.757954917754752, -160.63638485582192, -637.5664433683896,
  -1025.0951316110772, -483.5191916086514,
];
const farTailDenominator = [
  1, 30.33806074348246, 325.7925129965739, 1536.729586084437, 3199.8582195085955, 2553.0504064331644,
  474.52854120695537, -22.44095244658582,
];
