import { type Code, FunctionBuilder, i32, type Local, load, op, shuffle, store } from './emit/code.ts';

/** Adds a band's sums to float64 totals and zeroes the sums. Both arrays are padded to a multiple of 4. */
export function addBand(name: string): FunctionBuilder {
  const params = ['total', 'partial', 'length'].map((each): Local => ({ name: each, type: 'i32' }));
  const f = new FunctionBuilder(name, params);
  const [total, partial, length] = [f.param(0), f.param(1), f.param(2)];
  const i = f.local('i32', 'i');
  const at: Code = { kind: 'get', local: i };
  f.set(i, i32(0));
  f.for(i, length, i32(4), () => {
    const from = f.let('i32', op('i32.add', partial, op('i32.shl', at, i32(2))), 'from');
    const to = f.let('i32', op('i32.add', total, op('i32.shl', at, i32(3))), 'to');
    const four = f.let('v128', load('v128.load', from), 'four');
    for (const [half, pair] of [four, shuffle(four, four, [2, 3, 2, 3])].entries()) {
      const sum = op('f64x2.add', load('v128.load', to, 16 * half), op('f64x2.promote_low_f32x4', pair));
      f.add(store('v128.store', to, sum, 16 * half));
    }
    f.add(
      store(
        'v128.store',
        from,
        f.once('v128', { kind: 'vector', bytes: new Uint8Array(16), text: 'i32x4 0 0 0 0' }, 'zero'),
      ),
    );
  });
  return f;
}
