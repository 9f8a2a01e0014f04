import { gradient, interpreter, jit, Tape, tensor, type Value } from 'posetape';
import { add, gather, matmul, mean, mul, segmentSum, softplus, sum, transpose } from 'posetape/ops';
import { wasm } from 'posetape/wasm';
import { describe, test } from 'vitest';
import { expectSame } from '../../support/executors.ts';

const executors = [wasm({ relaxed: false }), wasm(), jit({ precision: 'float32' })];

/** Function that adds a parameter of a shape to a tape. */
type Draw = (shape: readonly number[]) => Value;

/** Term i of a sum. Equal terms are the worst case, since each addition rounds in the same direction. */
const terms: Record<string, (i: number) => number> = {
  'equal terms': () => 0.9403,
  'terms of one sign': i => 1 + 0.5 * Math.sin(7.3 * i),
};

/** Fails unless sums of positive terms have a relative error of at most 1e-6. Sums in float64 are the reference. */
function expectSums(record: (draw: Draw) => readonly Value[], kind: string): void {
  const tape = new Tape();
  const draw: Draw = shape => {
    const length = shape.reduce((a, b) => a * b, 1);
    const data = Float32Array.from({ length }, (_, i) => (terms[kind] as (i: number) => number)(i));
    return tape.parameter(tensor(data, shape));
  };
  const wanted = record(draw);
  for (const executor of executors) expectSame(executor, interpreter(), wanted, 1e-6);
}

const rows = (length: number, count: number) => Int32Array.from({ length }, (_, i) => (i * 7) % count);

describe.each(Object.keys(terms))('long sums are within a relative error of 1e-6: %s', kind => {
  test.each<[string, (draw: Draw) => readonly Value[]]>([
    ['of one to nine columns', draw => [1, 2, 3, 9].map(k => sum(draw([20_000, k]), 0))],
    ['of many columns', draw => [sum(draw([1000, 1100]), 0)]],
    [
      'of all entries',
      draw => [sum(draw([50_000])), sum(draw([7000, 7])), sum(draw([300, 100])), mean(draw([9, 3000]))],
    ],
    ['of rows', draw => [sum(draw([3, 30_000]), 1), sum(draw([3, 9000, 5]), 1)]],
    ['over two axes', draw => [sum(draw([20, 500, 8]), [0, 1]), sum(draw([3, 9000, 2]), [0, 1])]],
    ['over the outermost axis and the innermost', draw => [sum(draw([20, 9, 800]), [0, 2])]],
    [
      'of segments',
      draw => [
        segmentSum(draw([60_000]), rows(60_000, 3), 3),
        segmentSum(draw([60_000]), rows(60_000, 20), 2000),
        segmentSum(draw([20_000, 9]), rows(20_000, 3), 500),
      ],
    ],
    [
      'in the gradient by a gathered table',
      draw => {
        const table = draw([2000]);
        return gradient(sum(mul(gather(table, rows(60_000, 9)), draw([60_000]))), [table]);
      },
    ],
    [
      'in matrix products',
      draw => {
        const [long, tall] = [draw([4, 40_000]), draw([40_000, 5])];
        return [
          matmul(long, tall),
          matmul(transpose(tall), transpose(long)),
          matmul(transpose(tall), tall),
          matmul(long, transpose(long)),
        ];
      },
    ],
    ['in batches of matrix products', draw => [matmul(draw([2, 3, 10_000]), draw([2, 10_000, 5]))]],
    [
      'in the gradient of a layer',
      draw => {
        const [x, w, b] = [draw([30_000, 3]), draw([3, 9]), draw([9])];
        const y = sum(softplus(add(matmul(x, w), b)));
        return [y, ...gradient(y, [w, b])];
      },
    ],
  ])('%s', (_, record) => expectSums(record, kind));
});
