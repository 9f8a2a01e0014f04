import type { Expr, ExprOf, RealKind } from '../compile/ir.ts';
import { type Code, op } from './emit/code.ts';
import {
  abs,
  add,
  and,
  div,
  keep,
  least,
  less,
  most,
  mul,
  number,
  or,
  type Place,
  sub,
} from './maths/arithmetic.ts';
import { pow, sinOrCos } from './maths/doubles.ts';
import { exp, expm1, tanh } from './maths/exponentials.ts';
import { log, log1p, log1pOfFraction } from './maths/logarithms.ts';

/** The vector code of a primitive but comparisons and selections, from that of its arguments. */
export function primitive(at: Place, expr: Expr, args: readonly Code[]): Code {
  const [a, b] = args as readonly [Code, Code];
  switch (expr.kind as RealKind) {
    case 'add':
      return add(a, b);
    case 'sub':
      return sub(a, b);
    case 'mul':
      return mul(a, b);
    case 'div':
      return div(a, b);
    case 'neg': {
      // The sign alone, by a constant: for f32x4.neg V8 makes one anew each time. −|x| is one step so.
      const sign = number(at, -0);
      const isSize = a.kind === 'plain' && a.op === 'f32x4.abs';
      return isSize ? or(a.args[0] as Code, sign) : op('v128.xor', a, sign);
    }
    case 'abs':
      return abs(a);
    case 'sign': {
      const x = keep(at, a);
      const one = and(op('f32x4.ne', x, number(at, 0)), number(at, 1));
      const signed = or(one, and(x, number(at, -0)));
      // NaN stays.
      return at.target.select(op('f32x4.eq', x, x), signed, x);
    }
    case 'floor':
      return op('f32x4.floor', a);
    case 'sqrt':
      return op('f32x4.sqrt', a);
    case 'exp':
      return exp(at, keep(at, a), isNegative(expr.args[0]));
    case 'expm1':
      return expm1(at, keep(at, a));
    case 'log':
      return log(at, keep(at, a));
    case 'log1p': {
      const [of] = expr.args;
      const isFraction = of?.kind === 'exp' && isNegative(of.args[0]);
      return isFraction ? log1pOfFraction(at, keep(at, a)) : log1p(at, keep(at, a));
    }
    case 'pow':
      return pow(at, keep(at, a), keep(at, b));
    case 'sin':
    case 'cos':
      return sinOrCos(at, expr.kind as 'sin' | 'cos', keep(at, a));
    case 'tanh':
      return tanh(at, keep(at, a));
    case 'min':
    case 'max':
      return extremum(at, expr, a, b);
    default:
      throw new Error(`wasm: ${expr.kind} is no function of vectors`);
  }
}

/** With a number, one instruction that lets NaN through; else those of WebAssembly, which are several on most processors. */
function extremum(at: Place, { kind, args }: Expr, a: Code, b: Code): Code {
  const [known, of] = isKnown(args[1]) ? [args[1], a] : isKnown(args[0]) ? [args[0], b] : [];
  if (!known || !of) return op(kind === 'min' ? 'f32x4.min' : 'f32x4.max', a, b);
  const other = of === a ? b : a;
  // Of two zeros the short one gives the first: the sum makes 0 of −0, where the other is 0.
  if (Object.is(known.value, 0) && kind === 'max') return add(most(of, other), number(at, 0));
  if (Object.is(known.value, -0) && kind === 'min') return op('f32x4.min', a, b);
  return kind === 'min' ? least(of, other) : most(of, other);
}

function isKnown(expr: Expr | undefined): expr is ExprOf<'constant'> {
  return expr?.kind === 'constant' && !Number.isNaN(expr.value);
}

/** True if it is 0 or less by its form: −|x| or −x². */
function isNegative(expr: Expr | undefined): boolean {
  const of = expr?.kind === 'neg' ? expr.args[0] : undefined;
  return of?.kind === 'abs' || (of?.kind === 'mul' && of.args[0] === of.args[1]);
}

/** All ones where a comparison holds. */
export function comparison({ kind }: Expr, a: Code, b: Code): Code {
  return kind === 'less' ? less(a, b) : op('f32x4.eq', a, b);
}
