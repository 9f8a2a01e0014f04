import type { Primitive } from '../compile/algebra.ts';
import { nearErf, scaledErfc } from '../float32-fits.ts';

/*
 * The primitives of the algebra as functions that kernels call. Shading languages guarantee little: for NaN and at the
 * ends of the range their log, tanh or max differ from JavaScript's and between machines, and some of their functions
 * are accurate to four digits only. So there are two sets of functions with the same names: one for backends that
 * compute as JavaScript does, and one for shaders. The functions for shaders choose every branch by an ordered
 * comparison. Such a comparison is false for NaN, so NaN reaches the last branch, which returns it.
 *
 * The source of a shader cannot contain Infinity or NaN, so functions that need these numbers get them as arguments.
 */

const [inf, nan] = [Number.POSITIVE_INFINITY, Number.NaN];

/** A call of a primitive: the name of the function, and the special numbers it takes after the operands. */
export interface PrimitiveCall {
  readonly name: string;
  readonly specials: readonly number[];
}

/** The primitives that become function calls in a kernel. All other primitives become operators. */
export const calls: ReadonlyMap<string, PrimitiveCall> = new Map<Primitive | 'erf' | 'erfc', PrimitiveCall>([
  ['abs', { name: 'magnitude', specials: [] }],
  ['sign', { name: 'signum', specials: [] }],
  ['floor', { name: 'floored', specials: [] }],
  ['exp', { name: 'exponential', specials: [inf] }],
  ['expm1', { name: 'exponentialLess1', specials: [inf] }],
  ['log', { name: 'logarithm', specials: [inf, nan] }],
  ['log1p', { name: 'logarithmOf1And', specials: [inf, nan] }],
  ['sqrt', { name: 'root', specials: [inf, nan] }],
  ['pow', { name: 'power', specials: [inf, nan] }],
  ['sin', { name: 'sine', specials: [inf, nan] }],
  ['cos', { name: 'cosine', specials: [inf, nan] }],
  ['tanh', { name: 'hyperbolicTangent', specials: [inf] }],
  ['atan2', { name: 'angle', specials: [inf, nan] }],
  ['erf', { name: 'errorFunction', specials: [] }],
  ['erfc', { name: 'errorFunctionComplement', specials: [] }],
  ['min', { name: 'smaller', specials: [] }],
  ['max', { name: 'larger', specials: [] }],
]);

/** A function that kernels may call, as source for gpu.js. All operands and the result are float32. */
export interface KernelFunction {
  readonly name: string;
  readonly source: string;
  readonly parameters: number;
}

/** The functions for gpu.js's WebAssembly and CPU backends, which compute as JavaScript does. */
export function exactFunctions(): KernelFunction[] {
  return parsed(`${quotient}
function magnitude(x) { return Math.abs(x); }
function signum(x) { if (x > 0) return 1; if (x < 0) return -1; return x; }
function floored(x) { return Math.floor(x); }
function exponential(x, inf) { return Math.exp(x); }
function exponentialLess1(x, inf) { return Math.expm1(x); }
function logarithm(x, inf, nan) { return Math.log(x); }
function logarithmOf1And(x, inf, nan) { return Math.log1p(x); }
function root(x, inf, nan) { return Math.sqrt(x); }
function power(x, y, inf, nan) { return Math.pow(x, y); }
function sine(x, inf, nan) { return Math.sin(x); }
function cosine(x, inf, nan) { return Math.cos(x); }
function hyperbolicTangent(x, inf) { return Math.tanh(x); }
function angle(y, x, inf, nan) { return Math.atan2(y, x); }
function smaller(x, y) { return Math.min(x, y); }
function larger(x, y) { return Math.max(x, y); }
${errorFunctions}`);
}

/** The functions for WebGPU and WebGL. */
export function shaderFunctions(): KernelFunction[] {
  return parsed(`${quotient}
function magnitude(x) { return Math.abs(x); }
function signum(x) { if (x > 0) return 1; if (x < 0) return -1; return x; }
function floored(x) { return Math.floor(x); }
${exponentials}
${logarithms}
function root(x, inf, nan) {
  if (x < 0) return nan;
  if (x < inf) return Math.sqrt(x);
  return x;
}
${powers}
${circular}
${angles}
${errorFunctions}
${extremes}`);
}

/** ⌊t/n⌋ of whole numbers. A shader's division may be off by an ulp or two, so the remainder corrects it. */
const quotient = `
function quotient(t, n) {
  const q = Math.floor(t / n);
  if (q * n > t) return q - 1;
  if ((q + 1) * n <= t) return q + 1;
  return q;
}`;

/**
 * The smaller and the larger of two numbers; NaN if either is NaN, since every comparison with NaN is false, and the sum
 * is returned.
 */
const extremes = `
function smaller(x, y) {
  if (x < y) return x;
  if (y <= x) return y;
  return x + y;
}
function larger(x, y) {
  if (x > y) return x;
  if (y >= x) return y;
  return x + y;
}`;

/*
 * None of these functions calls another: gpu.js may move a function that is used twice before the functions it calls,
 * but GLSL requires functions to be declared before use.
 */

/**
 * exp(y) − 1 for |y| below ½, by its Taylor series up to y⁸. The first term left out is at most 1.1·10⁻⁸ times the term
 * y.
 */
const expm1Near0 = (y: string) =>
  `${y} * (1 + ${y} * (0.5 + ${y} * (0.16666667163372 + ${y} * (0.04166666790843 + ${y} * (0.00833333376795
      + ${y} * (0.00138888892252 + ${y} * (0.000198412701138 + ${y} * 0.0000248015876423)))))))`;

/**
 * The functions exp, expm1 and tanh. tanh x is computed as e/(e + 2) with e = exp(2x) − 1. In float32, eˣ
 * overflows above 88.8 and is 0 below −104, eˣ − 1 rounds to −1 below −17.5, and tanh x rounds to ±1 beyond ±9.1.
 */
const exponentials = `
function exponential(x, inf) {
  if (x > 88.8) return inf;
  if (x < -104) return 0;
  if (x <= 88.8) return Math.exp(x);
  return x;
}
function exponentialLess1(x, inf) {
  if (x > 88.8) return inf;
  if (x < -17.5) return -1;
  if (x > -0.5 && x < 0.5) return ${expm1Near0('x')};
  if (x <= 88.8) return Math.exp(x) - 1;
  return x;
}
function hyperbolicTangent(x, inf) {
  if (x > 9.1) return 1;
  if (x < -9.1) return -1;
  const y = 2 * x;
  if (x > -0.25 && x < 0.25) {
    const e = ${expm1Near0('y')};
    return e / (e + 2);
  }
  if (x <= 9.1) {
    const e = Math.exp(y);
    return (e - 1) / (e + 1);
  }
  return x;
}`;

/** 2 artanh s by its series in z = s². It is ln(1 + x) for s = x/(2 + x), and ln x for s = (x − 1)/(x + 1). */
const twiceArtanh = `2 * s * (1 + z * (0.333333343267 + z * (0.20000000298 + z * (0.142857149243 + z * (0.111111111939
      + z * (0.0909090936184 + z * (0.0769230797887 + z * 0.0666666701436)))))))`;

/**
 * Logarithms. For arguments near 1, a shader's log is inaccurate, so the series {@link twiceArtanh} is used. For
 * |x| < 3·10⁻⁸, ln(1 + x) rounds to x.
 */
const logarithms = `
function logarithmOf1And(x, inf, nan) {
  if (x > -0.00000003 && x < 0.00000003) return x;
  if (x > -0.5 && x < 1) {
    const s = x / (2 + x);
    const z = s * s;
    return ${twiceArtanh};
  }
  if (x < -1) return nan;
  if (x === -1) return -inf;
  if (x < inf) return Math.log(1 + x);
  return x;
}
function logarithm(x, inf, nan) {
  if (x > 0.5 && x < 2) {
    const s = (x - 1) / (x + 1);
    const z = s * s;
    return ${twiceArtanh};
  }
  if (x < 0) return nan;
  if (x === 0) return -inf;
  if (x < inf) return Math.log(x);
  return x;
}`;

/**
 * Powers. A shader's pow is undefined for negative bases, even if the exponent is whole. For bases near 1 it is as
 * inaccurate as a shader's log.
 */
const powers = `
function power(x, y, inf, nan) {
  if (y === 0) return 1;
  if (!(x === x)) return nan;
  if (!(y === y)) return nan;
  const base = Math.abs(x);
  if (base === 1 && (y === inf || y === -inf)) return nan;
  let result = 1.0;
  if (base === 0 || base === inf || y === inf || y === -inf) {
    result = 0.0;
    if (base < 1 && y < 0) result = inf;
    if (base > 1 && y > 0) result = inf;
  } else if (base > 0.5 && base < 2) {
    const s = (base - 1) / (base + 1);
    const z = s * s;
    const exponent = y * ${twiceArtanh};
    result = 0.0;
    if (exponent > 88.8) result = inf;
    else if (exponent > -104) result = Math.exp(exponent);
  } else {
    result = Math.pow(base, y);
  }
  if (x >= 0) return result;
  if (Math.floor(y) === y) {
    const half = y * 0.5;
    if (Math.floor(half) === half) return result;
    return -result;
  }
  if (base === inf) return result;
  return nan;
}`;

/**
 * Sine and cosine. The nearest multiple of π/2 is subtracted from the angle x, and the rest r, from −π/4 to π/4, is put
 * into the Taylor series up to r⁹ and r¹⁰. The multiple is subtracted in three parts so that no digits are lost (W. J.
 * Cody and W. Waite, Software Manual for the Elementary Functions, 1980; the parts are from S. L. Moshier's Cephes). A
 * shader's own functions, accurate to 6·10⁻⁴, are used only beyond 10⁵, where three parts are not enough. `lead` is
 * the number of quarter turns by which the function is ahead of the sine.
 */
const circularFunction = (name: string, builtIn: string, lead: string) => `
function ${name}(x, inf, nan) {
  if (x > -100000 && x < 100000) {
    const quarterTurns = Math.floor(x * 0.636619772368 + 0.5);
    const rest = ((x - quarterTurns * 1.5703125) - quarterTurns * 0.000483751296997) - quarterTurns * 0.0000000754978995489;
    const z = rest * rest;
    const sineOfRest = rest + rest * z * (-0.166666671634 + z * (0.00833333376795 + z * (-0.000198412701138
      + z * 0.00000275573188446)));
    const cosineOfRest = 1 - 0.5 * z + z * z * (0.0416666679084 + z * (-0.00138888892252 + z * (0.0000248015876423
      - z * 0.000000275573188446)));
    const quarter = quarterTurns + ${lead} - 4 * Math.floor((quarterTurns + ${lead}) * 0.25);
    if (quarter === 0) return sineOfRest;
    if (quarter === 1) return cosineOfRest;
    if (quarter === 2) return -sineOfRest;
    return -cosineOfRest;
  }
  if (x > -inf && x < inf) return Math.${builtIn}(x);
  return nan;
}`;
const circular = `${circularFunction('sine', 'sin', '0.0')}${circularFunction('cosine', 'cos', '1.0')}`;

/**
 * The angle of the point (x, y). It follows from the arc tangent of t, the smaller of |x| and |y| divided by the
 * larger, so t lies between 0 and 1. Up to t = tan(π/8) the arc tangent is S. L. Moshier's polynomial in Cephes; for
 * larger t it is π/4 + arctan((t − 1)/(t + 1)). A shader's own function is not used, since it is undefined at (0, 0).
 * −0 is recognised by its reciprocal, which is −∞.
 */
const angles = `
function angle(y, x, inf, nan) {
  if (!(x === x)) return nan;
  if (!(y === y)) return nan;
  const width = Math.abs(x);
  const height = Math.abs(y);
  let t = 1.0;
  if (height < width) t = height / width;
  else if (width < height) t = width / height;
  else if (width === 0) t = 0.0;
  let base = 0.0;
  if (t > 0.414213567972) {
    base = 0.785398185253;
    t = (t - 1) / (t + 1);
  }
  const z = t * t;
  let result = base + (t + t * z * (-0.333329498768 + z * (0.199777111411 + z * (-0.138776853681 + z * 0.0805374458432))));
  if (height > width) result = 1.57079637051 - result;
  if (x < 0 || (x === 0 && 1 / x < 0)) result = 3.14159274101 - result;
  if (y < 0 || (y === 0 && 1 / y < 0)) result = -result;
  return result;
}`;

/** The source of the polynomial c₀ + x (c₁ + x (c₂ + …)). */
const polynomial = (x: string, coefficients: readonly number[]) =>
  coefficients.reduceRight((rest, c) => (rest ? `(${c} + ${x} * ${rest})` : `(${c})`), '');

/**
 * Statements that set y to erfc a, for a from 0 to 10.1. The factor exp(−a²) in it is split into exp(−high²) and
 * exp((high − a)(high + a)). `high` is `a`, rounded down to a multiple of 1/256, so that its square is exact.
 */
const erfcOfSize = `
    const high = Math.floor(a * 256) * 0.00390625;
    const q = (a - 2) / (a + 2);
    const scale = Math.exp(-high * high) * Math.exp((high - a) * (high + a));
    const y = scale * ${polynomial('q', scaledErfc)} / (1 + 2 * a);`;

/** The error functions, which JavaScript does not have, by the polynomials of `wasm()`. */
const errorFunctions = `
function errorFunction(x) {
  const a = Math.abs(x);
  if (a < 0.9) {
    const z = x * x;
    return x * ${polynomial('z', nearErf)};
  }
  if (a < 4) {${erfcOfSize}
    if (x < 0) return y - 1;
    return 1 - y;
  }
  if (x >= 4) return 1;
  if (x <= -4) return -1;
  return x;
}
function errorFunctionComplement(x) {
  const a = Math.abs(x);
  if (a < 10.1) {${erfcOfSize}
    if (x < 0) return 2 - y;
    return y;
  }
  if (x >= 10.1) return 0;
  if (x <= -10.1) return 2;
  return x;
}`;

/** Splits a source text into its functions. */
function parsed(text: string): KernelFunction[] {
  return text.split(/^(?=function )/m).flatMap(source => {
    const head = source.match(/^function (\w+)\(([^)]*)\)/);
    return head
      ? [
          {
            name: head[1] as string,
            source: source.trim(),
            parameters: (head[2] as string).split(',').length,
          },
        ]
      : [];
  });
}
