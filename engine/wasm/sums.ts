import { type Code, FunctionBuilder, i32, type Local, load, op, shuffle, store } from './emit/code.ts';

/**
 * Adds four float32 numbers to four float64 numbers in memory. If `mask` is zero, they replace the float64 numbers.
 */
export function addDoubles(f: FunctionBuilder, to: Code, four: Code, mask?: Code): void {
  for (const [half, pair] of [four, shuffle(four, four, [2, 3, 2, 3])].entries()) {
    const old = load('v128.load', to, 16 * half);
    const masked = mask ? op('v128.and', old, mask) : old;
    const sum = op('f64x2.add', masked, op('f64x2.promote_low_f32x4', pair));
    f.add(store('v128.store', to, sum, 16 * half));
  }
}

/**
 * Builds a function that processes two arrays, padded to a multiple of 4, four numbers at a time. The first three
 * parameters are the addresses of the arrays and their length.
 */
function loopByFours(
  name: string,
  names: readonly string[],
  write: (f: FunctionBuilder, at: Code, params: readonly [Code, Code, Code]) => void,
): FunctionBuilder {
  const f = new FunctionBuilder(
    name,
    names.map((param): Local => ({ name: param, type: 'i32' })),
  );
  const params = [f.param(0), f.param(1), f.param(2)] as const;
  const i = f.local('i32', 'i');
  f.set(i, i32(0));
  f.for(i, params[2], i32(4), () => write(f, { kind: 'get', local: i }, params));
  return f;
}

/** The address of entry `at` of an array whose entries take 2^`shift` bytes. */
const entry = (base: Code, at: Code, shift: number) => op('i32.add', base, op('i32.shl', at, i32(shift)));

/** Builds a function that adds float32 numbers to float64 totals, or replaces the totals if `isMore` is 0. */
export function addPartial(name: string): FunctionBuilder {
  return loopByFours(name, ['total', 'partial', 'length', 'isMore'], (f, at, [total, partial]) => {
    // All ones if `isMore` is 1, all zeros if it is 0.
    const mask = f.once('v128', op('i32x4.splat', op('i32.sub', i32(0), f.param(3))), 'before');
    const four = f.let('v128', load('v128.load', entry(partial, at, 2)), 'four');
    const to = f.let('i32', entry(total, at, 3), 'to');
    addDoubles(f, to, four, mask);
  });
}

/**
 * Builds a function that rounds float64 numbers to float32. Rounding in place is safe, since an entry is written at or
 * before its old address.
 */
export function roundSums(name: string): FunctionBuilder {
  return loopByFours(name, ['to', 'from', 'length'], (f, at, [to, from]) => {
    const source = f.let('i32', entry(from, at, 3), 'source');
    const [low, high] = [0, 16].map(offset =>
      f.let('v128', op('f32x4.demote_f64x2_zero', load('v128.load', source, offset)), 'half'),
    ) as [Code, Code];
    f.add(store('v128.store', entry(to, at, 2), shuffle(low, high, [0, 1, 4, 5])));
  });
}
