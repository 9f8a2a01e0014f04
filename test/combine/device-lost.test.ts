import { DeviceLostError, type Executor, interpreter, type Precision } from 'posetape';
import { expect, test } from 'vitest';
import { expectClose } from '../support/equal.ts';
import { combineKnown, type KnownPose } from './known-poses.ts';

const poses: KnownPose[] = Array.from({ length: 6 }, (_, n) => ({ energy: -n, slope: [n, 1, -n] }));

/** Executor that loses its device in run number `failsAt`, counted from 1. */
function losing(failsAt: number, precision: Precision = 'float64'): Executor {
  const plain = interpreter({ precision });
  let runs = 0;
  return {
    ...plain,
    name: 'fragile',
    device: { buffers: 2, textures: 0, bytes: 8, peakBytes: 16 },
    run: (wanted, options) => {
      if (++runs === failsAt) throw new DeviceLostError('fragile', 'unplugged');
      return plain.run(wanted, options);
    },
  };
}

test.each(['stream', 'recompute'] as const)(
  '%s continues at the same pose with the executor that onDeviceLost returns',
  async strategy => {
    const expected = await combineKnown({ poses, strategy });
    const messages: string[] = [];
    const onDeviceLost = (lost: DeviceLostError) => {
      messages.push(lost.message);
      return interpreter();
    };
    const result = await combineKnown({ poses, strategy, executor: losing(4), onDeviceLost });
    expect(result).toEqual({
      ...expected,
      stats: { ...expected.stats, executor: 'fragile, then interpreter float64' },
    });
    expect(messages).toEqual([
      expect.stringMatching(/^fragile: the device was lost \(unplugged\).*onDeviceLost/),
    ]);
  },
);

test.each(Array.from({ length: 12 }, (_, n) => n + 1))(
  'recompute continues in float64 if a float32 device is lost in run %d, within the error of float32',
  async failsAt => {
    const inexact = poses.map(({ energy, slope }) => ({ energy: energy / 3, slope }));
    const expected = await combineKnown({ poses: inexact });
    const options = { poses: inexact, strategy: 'recompute' } as const;
    const result = await combineKnown({
      ...options,
      executor: losing(failsAt, 'float32'),
      onDeviceLost: () => interpreter(),
    });
    expectClose(result.value, expected.value, 1e-6);
    expectClose(result.gradient.w, expected.gradient.w, 1e-6);
    expect(result.stats.executor).toBe('fragile, then interpreter float64');
  },
);

test('combinePoses throws DeviceLostError if onDeviceLost returns the lost executor', async () => {
  const executor: Executor = {
    ...interpreter(),
    run: () => {
      throw new DeviceLostError('fragile', 'unplugged');
    },
  };
  const failed = combineKnown({ poses, executor, onDeviceLost: () => executor });
  await expect(failed).rejects.toThrow(/^fragile: the device was lost/);
});

test('combinePoses throws DeviceLostError without onDeviceLost', async () => {
  await expect(combineKnown({ poses, executor: losing(2) })).rejects.toThrow(DeviceLostError);
});

test('combinePoses does not call onDeviceLost for other errors', async () => {
  const failing: Executor = { ...interpreter(), run: () => Promise.reject(new Error('a mistake')) };
  const onDeviceLost = () => expect.fail('was called');
  await expect(combineKnown({ poses, executor: failing, onDeviceLost })).rejects.toThrow('a mistake');
});

test('stats.device has the memory of the device, and is absent without a device', async () => {
  const { stats } = await combineKnown({ poses, executor: losing(99) });
  expect(stats.device).toEqual({ buffers: 2, textures: 0, bytes: 8, peakBytes: 16 });
  expect((await combineKnown({ poses })).stats).not.toHaveProperty('device');
});
