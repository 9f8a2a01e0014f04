import { type Code, extract, type FunctionBuilder, type Local, op, shuffle } from './emit/code.ts';

/** Locals of a sum or maximum over a loop: one float32 vector, or two float64 vectors for a long sum. */
export type Accumulator = readonly [Local, Local?];

/** The lower and the upper half of a vector, each in lanes 0 and 1. */
const halves = (value: Code) => [value, shuffle(value, value, [2, 3, 2, 3])] as const;

/** Adds a term to a sum, or replaces a maximum by a larger term. */
export function accumulate(f: FunctionBuilder, locals: Accumulator, term: Code, isSum: boolean): void {
  const get = (local: Local): Code => ({ kind: 'get', local });
  const [first, second] = locals;
  if (!second) {
    f.set(first, op(isSum ? 'f32x4.add' : 'f32x4.max', get(first), term));
    return;
  }
  const [low, high] = halves(f.let('v128', term, 'term'));
  f.set(first, op('f64x2.add', get(first), op('f64x2.promote_low_f32x4', low)));
  f.set(second, op('f64x2.add', get(second), op('f64x2.promote_low_f32x4', high)));
}

/**
 * The result of a fold in each lane. If `overLanes` is true, the lanes are entries of the loop: they are folded, too, and
 * every lane holds the same result.
 */
export function folded(
  f: FunctionBuilder,
  [first, second]: Accumulator,
  isSum: boolean,
  overLanes: boolean,
): Code {
  const get = (local: Local): Code => ({ kind: 'get', local });
  if (!isSum) return overLanes ? largestOfLanes(f, get(first)) : get(first);
  if (!second)
    return overLanes ? op('f32x4.splat', op('f32.demote_f64', totalOf(f, [first], true))) : get(first);
  if (overLanes) return op('f32x4.splat', op('f32.demote_f64', totalOf(f, [first, second], true)));
  const narrow = (local: Local) => op('f32x4.demote_f64x2_zero', get(local));
  return shuffle(narrow(first), narrow(second), [0, 1, 4, 5]);
}

/** The result of a sum as a float64: the sum of all lanes if `overLanes` is true, else the first lane. */
export function totalOf(f: FunctionBuilder, [first, second]: Accumulator, overLanes: boolean): Code {
  const get = (local: Local): Code => ({ kind: 'get', local });
  if (!overLanes) {
    return second
      ? extract('f64x2.extract_lane', 0, get(first))
      : op('f64.promote_f32', extract('f32x4.extract_lane', 0, get(first)));
  }
  if (!second) return sumOfLanes(f, get(first));
  return sumOfPair(f.let('v128', op('f64x2.add', get(first), get(second)), 'both'));
}

function sumOfPair(pair: Code): Code {
  return op('f64.add', extract('f64x2.extract_lane', 0, pair), extract('f64x2.extract_lane', 1, pair));
}

/** The sum of four lanes in float64. */
function sumOfLanes(f: FunctionBuilder, value: Code): Code {
  const [low, high] = halves(value).map(half => op('f64x2.promote_low_f32x4', half)) as [Code, Code];
  return sumOfPair(f.let('v128', op('f64x2.add', low, high), 'both'));
}

/** The largest of four lanes, in every lane. */
export function largestOfLanes(f: FunctionBuilder, value: Code): Code {
  const pairs = f.let('v128', op('f32x4.max', value, shuffle(value, value, [2, 3, 0, 1])), 'largest');
  return op('f32x4.max', pairs, shuffle(pairs, pairs, [1, 0, 3, 2]));
}
