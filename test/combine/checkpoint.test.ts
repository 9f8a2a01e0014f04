import {
  checkpoint,
  type Executor,
  interpreter,
  jit,
  type Tape,
  type Tensor,
  tensor,
  type Value,
} from 'posetape';
import { boltzmann, combinePoses, type Scorer, squaredError } from 'posetape/combine';
import { add, dropout, gather, matmul, noise, sum, tanh } from 'posetape/ops';
import { wasm } from 'posetape/wasm';
import { describe, expect, test } from 'vitest';
import { expectClose } from '../support/equal.ts';
import { strategies } from './known-poses.ts';

interface Pose {
  readonly index: number;
  readonly atoms: Int32Array;
}
type Params = Readonly<Record<'table' | 'weights', Tensor>>;
type Values = { readonly [name in keyof Params]: Value };

const width = 4;
const numbers = (count: number, seed: number) =>
  Float64Array.from({ length: count }, (_, i) => Math.sin(seed + 7 * i) / 2);
const params: Params = {
  table: tensor(numbers(5 * width, 1), [5, width]),
  weights: tensor(numbers(width * width, 2), [width, width]),
};
const poses = [3, 6, 6, 9].map(
  (atoms, index): Pose => ({
    index,
    atoms: Int32Array.from({ length: atoms }, (_, i) => (i * 3 + index) % 5),
  }),
);

/**
 * Network with dropout and noise. `wrap`, such as `checkpoint`, wraps the gather, which receives `table` as an argument, and
 * each run of `size` layers, which reads `weights` through a closure.
 */
function scorer(wrap: typeof checkpoint, layers = 6, size = 3): Scorer<Pose, Params> {
  return (tape: Tape, { table, weights }: Values, { index, atoms }: Pose) => {
    const run = wrap((h: Value, from: number) => {
      let last = h;
      for (let layer = from; layer < from + size; layer++) {
        const seed = layer;
        const noisy = add(last, noise(tape, last.shape, { seed, index }));
        last = dropout(tanh(matmul(noisy, weights)), { rate: 0.2, seed, index });
      }
      return last;
    });
    let h = wrap((rows: Value) => gather(rows, atoms))(table);
    for (let from = 0; from < layers; from += size) h = run(h, from);
    return sum(h);
  };
}

const plain = scorer((f => f) as typeof checkpoint);
const checkpointed = scorer(checkpoint);

const executors: readonly (readonly [name: string, make: () => Executor, tolerance: number])[] = [
  ['interpreter()', () => interpreter(), 1e-12],
  ['jit()', () => jit(), 1e-12],
  ['wasm()', () => wasm(), 1e-4],
];

describe.each(executors)(
  'a scorer has the same predictions and gradient with checkpoints as without, on %s',
  (_name, make, tolerance) => {
    test.each(strategies)('under %s', async strategy => {
      const combine = (score: Scorer<Pose, Params>, executor: Executor) =>
        combinePoses({
          ...{ params, poses, score, strategy, executor },
          combination: boltzmann(),
          loss: squaredError(-1),
        });
      const expected = await combine(plain, interpreter());
      const actual = await combine(checkpointed, make());
      expectClose(actual.predictions, expected.predictions, tolerance);
      for (const name of ['table', 'weights'] as const)
        expectClose(actual.gradient[name], expected.gradient[name], tolerance, 10);
    });
  },
);

test.each(strategies)(
  'a deep scorer takes less than a quarter of the memory with checkpoints, under %s',
  async strategy => {
    const large = { index: 0, atoms: new Int32Array(500) };
    for (const executor of [interpreter(), jit()]) {
      const peakOf = async (score: Scorer<Pose, Params>) =>
        (await combinePoses({ params, poses: [large], score, strategy, executor, combination: boltzmann() }))
          .stats.peakBytes;
      const deepScorer =
        (wrap: typeof checkpoint): Scorer<Pose, Params> =>
        (_tape, { table, weights }, { atoms }) => {
          const run = wrap((h: Value) => {
            let last = h;
            for (let n = 0; n < 12; n++) last = tanh(matmul(last, weights));
            return last;
          });
          let h = gather(table, atoms);
          for (let n = 0; n < 12; n++) h = run(h);
          return sum(h);
        };
      const [whole, part] = [
        await peakOf(deepScorer((f => f) as typeof checkpoint)),
        await peakOf(deepScorer(checkpoint)),
      ];
      expect(whole / part).toBeGreaterThan(4);
    }
  },
);
