import fc from 'fast-check';
import {
  evaluate,
  gradient,
  hessianVectorProduct,
  jit,
  jvp,
  type SyncExecutor,
  Tape,
  type Tensor,
  tensor,
  type Value,
} from 'posetape';
import { add, exp, expandDims, less, matmul, mul, reshape, slice, sum, tanh, where } from 'posetape/ops';
import { wasm } from 'posetape/wasm';
import { describe, expect, test } from 'vitest';
import { expectClose } from '../support/equal.ts';
import { evenly } from '../support/numbers.ts';
import { paramsOf, poseArbitrary, programArbitrary, record } from '../support/programs.ts';
import { property } from '../support/property.ts';

const numbers = fc.array(evenly(-1, 1), { minLength: 60, maxLength: 60 });

/** Records a random program, with a direction for each parameter. */
function withDirections(
  program: Parameters<typeof record>[0],
  pose: Parameters<typeof record>[3],
  entries: number[],
) {
  const tape = new Tape();
  const params = Object.fromEntries(
    Object.entries(paramsOf(program)).map(([name, each]) => [name, tape.parameter(each, name)]),
  );
  const wrt = Object.values(params);
  let at = 0;
  const along = wrt.map(({ shape }) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const data = Float64Array.from({ length: size }, () => entries[at++ % entries.length] as number);
    return tape.constant({ data, shape });
  });
  return { score: record(program, tape, params, pose), wrt, along };
}

const dot = (a: readonly Value[], b: readonly Value[]): Value =>
  a.map((each, n) => sum(mul(each, b[n] as Value))).reduce((total, each) => add(total, each));

property(
  'jvp of a score is its gradient times the direction',
  programArbitrary({ steps: 8 }),
  poseArbitrary(),
  numbers,
  (program, pose, entries) => {
    const { score, wrt, along } = withDirections(program, pose, entries);
    const [slope] = jvp([score], wrt, along);
    const expected = dot(gradient(score, wrt), along);
    const [a, b] = evaluate([slope, expected]) as [Tensor, Tensor];
    expectClose(a, b, 1e-10, 10);
  },
);

property(
  'a Hessian-vector product equals the gradient of ⟨gradient, vector⟩, also on jit and wasm',
  programArbitrary({ steps: 6, smooth: true }),
  poseArbitrary(),
  numbers,
  (program, pose, entries) => {
    const { score, wrt, along } = withDirections(program, pose, entries);
    const products = hessianVectorProduct(score, wrt, along);
    const expected = gradient(dot(gradient(score, wrt), along), wrt);
    const references = evaluate(expected);
    const executors: readonly (readonly [SyncExecutor | undefined, number])[] = [
      [undefined, 1e-10],
      [jit(), 1e-9],
      [wasm(), 1e-3],
    ];
    for (const [executor, tolerance] of executors) {
      const results = evaluate(products, executor ? { executor } : {});
      for (const [k, result] of results.entries())
        expectClose(result, references[k] as Tensor, tolerance, 10);
    }
  },
);

describe('jvp', () => {
  test('of a tensor is the Jacobian times the direction', () => {
    const tape = new Tape();
    const w = tape.parameter(tensor([0.3, -0.2, 0.5, 0.1, 0.7, -0.4], [2, 3]), 'w');
    const x = tape.parameter(tensor([1, -2, 0.5]), 'x');
    const y = tanh(reshape(matmul(w, expandDims(x, 1)), [2]));
    const v = tape.constant([0.5, 1, -1]);
    const [slope] = jvp([y], [w, x], [2, v]);
    expect(slope.shape).toEqual([2]);
    const rows = [0, 1].map(i => {
      const [dw, dx] = gradient(reshape(slice(y, i, i + 1), []), [w, x]);
      return add(mul(2, sum(dw)), sum(mul(dx, v)));
    });
    const [result, ...expected] = evaluate([slope, ...rows]) as [Tensor, ...Tensor[]];
    expectClose(
      result.data,
      expected.map(({ data }) => data[0] as number),
      1e-13,
      1,
    );
  });

  test('of a branch not taken is 0, even if its slope is infinite', () => {
    const tape = new Tape();
    const x = tape.parameter(tensor([1000, 1]), 'x');
    const y = where(less(x, 10), exp(x), 0);
    const [result] = evaluate(jvp([y], [x], [3]));
    expect([...(result?.data ?? [])]).toEqual([0, 3 * Math.E]);
  });

  test('of a value that does not depend on x is 0', () => {
    const tape = new Tape();
    const [x, z] = [tape.parameter(tensor([1, 2]), 'x'), tape.parameter(tensor([3, 4, 5]), 'z')];
    const [result] = evaluate(jvp([mul(z, z)], [x], [1]));
    expect(result?.data).toEqual(new Float64Array(3));
    expect(jvp([], [x], [1])).toEqual([]);
  });

  test.each<[string, (x: Value) => unknown, RegExp]>([
    [
      'more directions than values',
      x => jvp([x], [x], [1, 2]),
      /jvp: needs one direction for each of the 1 values, got 2/,
    ],
    [
      'a direction of another shape',
      x => jvp([x], [x], [x.tape.constant([1])]),
      /direction 1 has shape \[1\], instead of that of %0 = x \[2\]/,
    ],
    [
      'a direction on another tape',
      x => jvp([x], [x], [new Tape().constant([1, 2])]),
      /direction 1 must be a number or a value of the same tape/,
    ],
    ['index data', x => jvp([x.tape.index([0, 1])], [x], [1]), /jvp: .* is index data/],
    ['the Hessian of a tensor', x => hessianVectorProduct(x, [x], [1]), /gradient: needs a single number/],
  ])('rejects %s', (_, record, message) => {
    expect(() => record(new Tape().parameter(tensor([1, 2]), 'x'))).toThrow(message);
  });
});
