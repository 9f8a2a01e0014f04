import type { Expr, ExprOf } from '../compile/ir.ts';
import { type Code, op } from './emit/code.ts';
import { atan2 } from './maths/angles.ts';
import {
  abs,
  add,
  and,
  div,
  keep,
  larger,
  less,
  mul,
  number,
  or,
  type Site,
  smaller,
  sub,
} from './maths/arithmetic.ts';
import { pow, sinOrCos } from './maths/doubles.ts';
import { erf, erfc } from './maths/error-functions.ts';
import { exp, expm1, expOfNonPositive, tanh } from './maths/exponentials.ts';
import { log, log1p, log1pOfFraction } from './maths/logarithms.ts';

const specials = { erf, erfc };

/** Vector code of a primitive, given the code of its arguments. Comparisons and selections are written in loop.ts. */
export function primitive(at: Site, expr: Expr, args: readonly Code[]): Code {
  const [a, b] = args as readonly [Code, Code];
  switch (expr.kind) {
    case 'add':
      return add(a, b);
    case 'sub':
      return sub(a, b);
    case 'mul':
      return mul(a, b);
    case 'div':
      return div(a, b);
    case 'neg': {
      // The sign bit is flipped with a constant in a local, since V8 would create the constant again for each
      // f32x4.neg. The negative of |x| is x with the sign bit set.
      const sign = number(at, -0);
      const isAbsolute = a.kind === 'plain' && a.op === 'f32x4.abs';
      return isAbsolute ? or(a.args[0] as Code, sign) : op('v128.xor', a, sign);
    }
    case 'abs':
      return abs(a);
    case 'sign': {
      const x = keep(at, a);
      const one = and(op('f32x4.ne', x, number(at, 0)), number(at, 1));
      const signed = or(one, and(x, number(at, -0)));
      // NaN stays NaN.
      return at.simd.select(op('f32x4.eq', x, x), signed, x);
    }
    case 'floor':
      return op('f32x4.floor', a);
    case 'sqrt':
      return op('f32x4.sqrt', a);
    case 'exp':
      return (isNotPositive(expr.args[0]) ? expOfNonPositive : exp)(at, keep(at, a));
    case 'expm1':
      return expm1(at, keep(at, a));
    case 'log':
      return log(at, keep(at, a));
    case 'log1p': {
      const [arg] = expr.args;
      const isFraction = arg?.kind === 'exp' && isNotPositive(arg.args[0]);
      return isFraction ? log1pOfFraction(at, keep(at, a)) : log1p(at, keep(at, a));
    }
    case 'pow':
      return pow(at, keep(at, a), keep(at, b));
    case 'sin':
    case 'cos':
      return sinOrCos(at, expr.kind as 'sin' | 'cos', keep(at, a));
    case 'tanh':
      return tanh(at, keep(at, a));
    case 'special':
      return specials[expr.f.name](at, keep(at, a));
    case 'atan2':
      return atan2(at, keep(at, a), keep(at, b));
    case 'min':
    case 'max':
      return extremum(at, expr, a, b);
    default:
      throw new Error(`wasm: ${expr.kind} is not a function of vectors`);
  }
}

/**
 * Minimum or maximum of two numbers; NaN if either is NaN. If one is a constant, f32x4.pmin or f32x4.pmax is enough,
 * which takes the processor one instruction; f32x4.min and f32x4.max take several.
 */
function extremum(at: Site, { kind, args }: Expr, a: Code, b: Code): Code {
  const [constant, variable] = isConstant(args[1]) ? [args[1], a] : isConstant(args[0]) ? [args[0], b] : [];
  if (!constant || !variable) return op(kind === 'min' ? 'f32x4.min' : 'f32x4.max', a, b);
  const limit = variable === a ? b : a;
  // For two zeros, pmin and pmax return the first operand. Adding 0 turns −0 into 0.
  if (Object.is(constant.value, 0) && kind === 'max') return add(larger(variable, limit), number(at, 0));
  if (Object.is(constant.value, -0) && kind === 'min') return op('f32x4.min', a, b);
  return kind === 'min' ? smaller(variable, limit) : larger(variable, limit);
}

/** True for a constant that is not NaN. */
function isConstant(expr: Expr | undefined): expr is ExprOf<'constant'> {
  return expr?.kind === 'constant' && !Number.isNaN(expr.value);
}

/** True for the forms −|x| and −x², which are never positive. */
function isNotPositive(expr: Expr | undefined): boolean {
  const negated = expr?.kind === 'neg' ? expr.args[0] : undefined;
  return negated?.kind === 'abs' || (negated?.kind === 'mul' && negated.args[0] === negated.args[1]);
}

/** A mask with all ones in lanes where a comparison holds. */
export function comparison({ kind }: Expr, a: Code, b: Code): Code {
  return kind === 'less' ? less(a, b) : op('f32x4.eq', a, b);
}
