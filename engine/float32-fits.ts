/*
 * Polynomials for executors that compute in float32 and cannot call the host's functions. They were fitted for this
 * project to have the least relative error, which is stated for each.
 */

/** Coefficients of erf x = x (c₀ + c₁x² + …) for |x| up to 0.9, with a relative error of at most 3·10⁻¹⁰. */
export const nearErf: readonly number[] = [
  1.12837916676, -0.376126349799, 0.112837150329, -0.0268605084675, 0.00520385916989, -0.000817563939859,
  8.51310449786e-5,
];

/**
 * Coefficients of (1 + 2x) exp(x²) erfc x = c₀ + c₁q + …, with q = (x − 2)/(x + 2), for x from 0 to 10.1. The relative
 * error is at most 1.3·10⁻⁸.
 */
export const scaledErfc: readonly number[] = [
  1.27697839346, -0.0927639808425, -0.166031425109, 0.16405534668, -0.0542042984182, -0.00805987512206,
  0.00863168117183, 0.00131352285251, -0.00122992764605, -0.000400576995558,
];
