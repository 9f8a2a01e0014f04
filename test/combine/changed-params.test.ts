import { type Executor, interpreter, jit, type Tensor, type TensorData, tensor } from 'posetape';
import { combinePoses, mean } from 'posetape/combine';
import { add, mul, sum } from 'posetape/ops';
import { wasm } from 'posetape/wasm';
import { describe, expect, test } from 'vitest';
import { score as scoreKnown, strategies } from './known-poses.ts';

const executors: readonly Executor[] = [
  interpreter(),
  interpreter({ precision: 'float32' }),
  jit(),
  jit({ precision: 'float32' }),
  wasm(),
];

/** Arrays of three numbers. Some fill their buffer, others begin in the middle of it. */
const arrays: Readonly<Record<string, () => Float64Array | Float32Array>> = {
  float64: () => Float64Array.of(1, 2, 3),
  float32: () => Float32Array.of(1, 2, 3),
  'a view of float64': () => Float64Array.of(9, 1, 2, 3).subarray(1),
  'a view of float32': () => Float32Array.of(9, 1, 2, 3).subarray(1),
};

const changes: Readonly<Record<string, (data: TensorData) => void>> = {
  'one number changes': data => {
    data[1] = 5;
  },
  'one bit changes': data => {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    (bytes[2 * data.BYTES_PER_ELEMENT] as number) ^= 1;
  },
  'every sign changes': data => {
    for (const [i, number] of data.entries()) data[i] = -number;
  },
  'two signs change': data => {
    data[0] = -(data[0] as number);
    data[2] = -(data[2] as number);
  },
  'the order of the numbers changes': data => {
    data.reverse();
  },
  'one number becomes NaN': data => {
    data[0] = Number.NaN;
  },
  'the array is detached': data => {
    structuredClone(data.buffer, { transfer: [data.buffer as ArrayBuffer] });
  },
};

const poses = [1, 2, 3];
const fixed = tensor([4, 5]);

describe.each(strategies)('a changed parameter, under %s,', strategy => {
  const combine = (executor: Executor, data: TensorData, change: () => void, changedAt: number) => {
    let isChanged = false;
    return combinePoses({
      poses,
      params: { fixed, w: { data, shape: [3] } as Tensor },
      score: (tape, { fixed, w }, pose) => {
        if (pose === changedAt && !isChanged) {
          isChanged = true;
          change();
        }
        return add(sum(mul(w, tape.constant([pose, 1, 1]))), sum(fixed));
      },
      combination: mean(),
      strategy,
      executor,
    });
  };

  test.each(Object.keys(changes))('is the same error on every executor if, during a call, %s', async what => {
    for (const [kind, array] of Object.entries(arrays)) {
      for (const executor of executors) {
        for (const changedAt of poses) {
          const data = array();
          const run = combine(executor, data, () => changes[what]?.(data), changedAt);
          await expect(run, `${kind} on ${executor.name}, pose ${changedAt}`).rejects.toThrow(
            /^combinePoses: parameter w changed during the call/,
          );
        }
      }
    }
  });

  test('is no error if it changes between two calls', async () => {
    for (const [, array] of Object.entries(arrays)) {
      for (const executor of executors) {
        const data = array();
        const first = await combine(executor, data, () => {}, 1);
        data.fill(0);
        const second = await combine(executor, data, () => {}, 1);
        expect([first.value, second.value]).toEqual([7 + 9, 9]);
      }
    }
  });

  test('is an error that names the parameter if onPose or the loss changes it', async () => {
    for (const where of ['onPose', 'loss'] as const) {
      const w = tensor([1, 2, 3]);
      const change = (x: unknown) => {
        w.data[0] = 7;
        return x;
      };
      const options = {
        poses: [{ energy: 1, slope: [1, 2, 3] }],
        params: { w },
        score: scoreKnown,
        strategy,
      };
      const run = combinePoses({ ...options, combination: mean(), [where]: change });
      await expect(run).rejects.toThrow(/parameter w changed/);
    }
  });

  test('is no error if `params` gets another tensor; the call uses the first one', async () => {
    const params = { w: tensor([1, 2, 3]) };
    const run = combinePoses({
      poses: [1, 2, 3],
      params,
      score: (tape, { w }, pose) => sum(mul(w, tape.constant([pose, 0, 0]))),
      combination: mean(),
      strategy,
      onPose: () => {
        params.w = tensor([9, 9, 9]);
      },
    });
    expect((await run).value).toBe(2);
  });
});
