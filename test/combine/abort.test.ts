import { DeviceLostError, type Executor, interpreter, type Value } from 'posetape';
import type { PoseProgress, Strategy } from 'posetape/combine';
import { square } from 'posetape/ops';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  combineKnown,
  type KnownOptions,
  type KnownPose,
  posesOf,
  score,
  strategies,
} from './known-poses.ts';

const poses = posesOf(-9, -8, -6);
const never = new Promise<never>(() => {});
const reason = new Error('enough');

const unhandled: unknown[] = [];
const recordUnhandled = (error: unknown) => void unhandled.push(error);
beforeEach(() => {
  unhandled.length = 0;
  process.on('unhandledRejection', recordUnhandled);
});
afterEach(async () => {
  await pause();
  process.off('unhandledRejection', recordUnhandled);
  expect(unhandled).toEqual([]);
});

/** Waits for 5 ms, so that all pending callbacks run. */
function pause(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, 5));
}

/** Abort controller, its signal, and the current and largest number of listeners on the signal. */
function countingController() {
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = { now: 0, most: 0 };
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  const count = (change: number) => {
    listeners.now += change;
    listeners.most = Math.max(listeners.most, listeners.now);
  };
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    count(1);
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    count(-1);
    remove(...args);
  };
  return { controller, signal, listeners };
}

/**
 * The three poses, of which pose `index` never arrives; for 3, the end never arrives. `onPending` is called soon after the
 * request. `calls` counts how often the iterator's methods `next` and `return` are called.
 */
function pendingAt(index: number, onPending = () => {}) {
  const calls = { read: 0, closed: 0 };
  const iterable: AsyncIterable<KnownPose> = {
    [Symbol.asyncIterator]: () => {
      let at = 0;
      return {
        next: () => {
          calls.read++;
          const pose = poses[at++];
          if (at > index) {
            setTimeout(onPending);
            return never;
          }
          return Promise.resolve(pose ? { done: false, value: pose } : { done: true, value: undefined });
        },
        return: () => {
          calls.closed++;
          return never;
        },
      };
    },
  };
  return { calls, poses: iterable };
}

async function expectAborted(options: Pick<KnownOptions, 'poses'> & Partial<KnownOptions>): Promise<void> {
  // If `combineKnown` waits for a pending promise in spite of the abort, the test fails at its time limit.
  await expect(combineKnown(options)).rejects.toBe(reason);
}

describe.each(strategies)('an abort under %s', strategy => {
  test.each([0, 1, 3])('takes effect while pose %d is pending, and reads no further pose', async index => {
    const { controller, signal, listeners } = countingController();
    const { calls, poses } = pendingAt(index, () => controller.abort(reason));
    await expectAborted({ poses, strategy, signal });
    expect(calls).toEqual({ read: index + 1, closed: 1 });
    expect(listeners).toEqual({ now: 0, most: 1 });
  });

  test('takes effect while a promise among the poses is pending', async () => {
    const controller = new AbortController();
    const pending: Iterable<KnownPose> = {
      *[Symbol.iterator]() {
        yield* posesOf(-9);
        setTimeout(() => controller.abort(reason));
        yield never as unknown as KnownPose;
      },
    };
    await expectAborted({ poses: pending, strategy, signal: controller.signal });
  });

  test('does not report later errors of the poses', async () => {
    const controller = new AbortController();
    const failing: AsyncIterable<KnownPose> = {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          setTimeout(() => controller.abort(reason));
          return pause().then(() => Promise.reject(new Error('too late')));
        },
        return: () => Promise.reject(new Error('cannot close')),
      }),
    };
    await expectAborted({ poses: failing, strategy, signal: controller.signal });
    await pause();
  });

  test('closes an async generator', async () => {
    const controller = new AbortController();
    let closed = false;
    async function* generate() {
      try {
        for (const pose of poses) {
          yield pose;
          await pause();
          controller.abort(reason);
        }
      } finally {
        closed = true;
      }
    }
    // The strategy `recompute` needs poses that can be read twice.
    const iterable = { [Symbol.asyncIterator]: generate };
    await expectAborted({ poses: iterable, strategy, signal: controller.signal });
    await pause();
    expect(closed).toBe(true);
  });

  test('takes effect while onPose is pending', async () => {
    const { controller, signal, listeners } = countingController();
    const onPose = () => {
      setTimeout(() => controller.abort(reason));
      return never;
    };
    await expectAborted({ poses, strategy, signal, onPose });
    expect(listeners).toEqual({ now: 0, most: 1 });
  });

  test('takes effect while onDeviceLost is pending', async () => {
    const controller = new AbortController();
    const run = () => {
      throw new DeviceLostError('fragile', 'unplugged');
    };
    const executor: Executor = { ...interpreter(), run };
    const onDeviceLost = () => {
      setTimeout(() => controller.abort(reason));
      return never;
    };
    const options = { poses, strategy, executor, onDeviceLost };
    await expectAborted({ ...options, signal: controller.signal });
  });

  /** Options with a function that aborts while `combinePoses` runs, by the name of the function. */
  const abortingOptions: Record<string, (abort: () => void) => Partial<KnownOptions>> = {
    score: abort => ({
      score(tape, values, pose) {
        abort();
        return score(tape, values, pose);
      },
    }),
    'score, which then throws': abort => ({
      score() {
        abort();
        throw new Error('interrupted');
      },
    }),
    'score, which then returns a promise': abort => ({
      score: (() => {
        abort();
        return Promise.reject(new Error('interrupted'));
      }) as unknown as KnownOptions['score'],
    }),
    'onPose of the first pose': abort => ({ onPose: ({ index }) => index === 0 && abort() }),
    'onPose of the last pose': abort => ({ onPose: ({ index }) => index === 2 && abort() }),
    'onPose of the last pass': abort => ({
      onPose: ({ index, pass, passes }: PoseProgress) => pass === passes && index === 2 && abort(),
    }),
    'the executor’s run': abort => ({
      executor: {
        ...interpreter(),
        run(wanted, options) {
          abort();
          return interpreter().run(wanted, options);
        },
      },
    }),
    'the executor’s run, which then throws': abort => ({
      executor: {
        ...interpreter(),
        run() {
          abort();
          throw new Error('interrupted');
        },
      },
    }),
    'the loss': abort => ({
      loss(x: Value) {
        abort();
        return square(x);
      },
    }),
    'the iterator of the poses': abort => ({
      poses: {
        *[Symbol.iterator]() {
          yield* poses;
          abort();
        },
      },
    }),
  };
  test.each(Object.keys(abortingOptions))('takes effect if triggered in %s', async where => {
    const controller = new AbortController();
    const options = (abortingOptions[where] as (typeof abortingOptions)[string])(() =>
      controller.abort(reason),
    );
    const scored: KnownPose[] = [];
    const counting: KnownOptions['score'] = (tape, values, pose) => {
      scored.push(pose);
      return (options.score ?? score)(tape, values, pose);
    };
    await expectAborted({ poses, strategy, signal: controller.signal, ...options, score: counting });
    if (where.startsWith('score')) expect(scored).toHaveLength(1);
  });
});

test.each<[string, KnownOptions['poses']]>([
  ['an array', poses],
  ['an array of promises', poses.map(async pose => pose) as unknown as KnownPose[]],
  [
    'an async generator',
    (async function* () {
      yield* poses;
    })(),
  ],
])(
  'a signal that is never aborted changes nothing and keeps no listener, for poses in %s',
  async (_what, source) => {
    const { signal, listeners } = countingController();
    expect(await combineKnown({ poses: source, signal })).toEqual(await combineKnown({ poses }));
    expect(listeners).toMatchObject({ now: 0, most: 1 });
  },
);

test.each<Strategy>(['stream', 'recompute'])(
  'the iterator of the poses is closed if a pose fails, under %s',
  async strategy => {
    // No pose is pending, since there are only three.
    const { calls, poses } = pendingAt(9);
    const closing = {
      [Symbol.asyncIterator]: () => ({
        ...poses[Symbol.asyncIterator](),
        return: async () => {
          calls.closed++;
          return { done: true, value: undefined } as const;
        },
      }),
    };
    const fails = () => {
      throw new Error('no');
    };
    await expect(combineKnown({ poses: closing, strategy, score: fails })).rejects.toThrow('pose 0: no');
    expect(calls).toEqual({ read: 1, closed: 1 });
  },
);
