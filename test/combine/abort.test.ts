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
const note = (error: unknown) => void unhandled.push(error);
beforeEach(() => {
  unhandled.length = 0;
  process.on('unhandledRejection', note);
});
afterEach(async () => {
  await turn();
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

function turn(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, 5));
}

/** A controller whose signal counts its listeners. */
function counted() {
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

/** Poses of which one is pending for ever, and what their iterator was told; `wait` is called once it is being waited for. */
function pendingAt(index: number, wait = () => {}) {
  const told = { read: 0, closed: 0 };
  const iterable: AsyncIterable<KnownPose> = {
    [Symbol.asyncIterator]: () => {
      let at = 0;
      return {
        next: () => {
          told.read++;
          const pose = poses[at++];
          if (at > index) {
            setTimeout(wait);
            return never;
          }
          return Promise.resolve(pose ? { done: false, value: pose } : { done: true, value: undefined });
        },
        return: () => {
          told.closed++;
          return never;
        },
      };
    },
  };
  return { told, poses: iterable };
}

async function expectAborted(options: Pick<KnownOptions, 'poses'> & Partial<KnownOptions>): Promise<void> {
  // One that never takes effect fails by the time a test has.
  await expect(combineKnown(options)).rejects.toBe(reason);
}

describe.each(strategies)('an abort under %s', strategy => {
  test.each([0, 1, 3])('takes effect while pose %d is pending, and asks for no more', async index => {
    const { controller, signal, listeners } = counted();
    const { told, poses } = pendingAt(index, () => controller.abort(reason));
    await expectAborted({ poses, strategy, signal });
    expect(told).toEqual({ read: index + 1, closed: 1 });
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

  test('does not report what the poses fail of afterwards', async () => {
    const controller = new AbortController();
    const failing: AsyncIterable<KnownPose> = {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          setTimeout(() => controller.abort(reason));
          return turn().then(() => Promise.reject(new Error('too late')));
        },
        return: () => Promise.reject(new Error('cannot close')),
      }),
    };
    await expectAborted({ poses: failing, strategy, signal: controller.signal });
    await turn();
  });

  test('closes an async generator that stands at a pose', async () => {
    const controller = new AbortController();
    let closed = false;
    async function* given() {
      try {
        for (const pose of poses) {
          yield pose;
          await turn();
          controller.abort(reason);
        }
      } finally {
        closed = true;
      }
    }
    // Recompute wants poses that can be read twice.
    const again = { [Symbol.asyncIterator]: given };
    await expectAborted({ poses: again, strategy, signal: controller.signal });
    await turn();
    expect(closed).toBe(true);
  });

  test('takes effect while onPose is pending', async () => {
    const { controller, signal, listeners } = counted();
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

  /** Ways to abort from within a call, each with how many poses are scored at most. */
  const within: Record<string, (abort: () => void) => Partial<KnownOptions>> = {
    score: abort => ({
      score(tape, values, pose) {
        abort();
        return score(tape, values, pose);
      },
    }),
    'score, which then fails': abort => ({
      score() {
        abort();
        throw new Error('interrupted');
      },
    }),
    'score, which then waits': abort => ({
      score: (() => {
        abort();
        return Promise.reject(new Error('interrupted'));
      }) as unknown as KnownOptions['score'],
    }),
    'onPose of the first': abort => ({ onPose: ({ index }) => index === 0 && abort() }),
    'onPose of the last': abort => ({ onPose: ({ index }) => index === 2 && abort() }),
    'onPose of the last pass': abort => ({
      onPose: ({ index, pass, passes }: PoseProgress) => pass === passes && index === 2 && abort(),
    }),
    'the run of a pose': abort => ({
      executor: {
        ...interpreter(),
        run(wanted, options) {
          abort();
          return interpreter().run(wanted, options);
        },
      },
    }),
    'the run of a pose, which then fails': abort => ({
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
    'the poses': abort => ({
      poses: {
        *[Symbol.iterator]() {
          yield* poses;
          abort();
        },
      },
    }),
  };
  test.each(Object.keys(within))('takes effect where it is raised in %s', async where => {
    const controller = new AbortController();
    const options = (within[where] as (typeof within)[string])(() => controller.abort(reason));
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
  ['promises', poses.map(async pose => pose) as unknown as KnownPose[]],
  [
    'an async generator',
    (async function* () {
      yield* poses;
    })(),
  ],
])('a signal that is never aborted changes nothing and keeps no listener: %s', async (_what, given) => {
  const { signal, listeners } = counted();
  expect(await combineKnown({ poses: given, signal })).toEqual(await combineKnown({ poses }));
  expect(listeners).toMatchObject({ now: 0, most: 1 });
});

test.each<Strategy>(['stream', 'recompute'])(
  'poses are closed where a pose fails, under %s',
  async strategy => {
    const { told, poses } = pendingAt(9);
    const closing = {
      [Symbol.asyncIterator]: () => ({
        ...poses[Symbol.asyncIterator](),
        return: async () => {
          told.closed++;
          return { done: true, value: undefined } as const;
        },
      }),
    };
    const fails = () => {
      throw new Error('no');
    };
    await expect(combineKnown({ poses: closing, strategy, score: fails })).rejects.toThrow('pose 0: no');
    expect(told).toEqual({ read: 1, closed: 1 });
  },
);
