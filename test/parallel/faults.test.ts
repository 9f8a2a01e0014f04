import type { Value } from 'posetape';
import {
  BadPoseError,
  boltzmann,
  type CombineOptions,
  combineBatch,
  combinePoses,
  pooling,
} from 'posetape/combine';
import { mul, square, sub } from 'posetape/ops';
import { workers } from 'posetape/parallel';
import { describe, expect, test } from 'vitest';
import { combination as learned } from './learned-scorer.ts';
import { poolOf, posesOf } from './pools.ts';
import { type Fault, params, type Sent, score, type Theta } from './scorer.ts';

const combination = boltzmann({ kT: 0.5 });
const pool = poolOf({ threads: 2 });

/** Makes poses, of which pose `at` has a fault: each time that it is scored, or only the first `turns` times. */
function faulty(
  fault: Fault,
  { at = 9, count = 20, turns }: { at?: number; count?: number; turns?: number } = {},
): Sent[] {
  const poses = posesOf(count);
  const shared = turns === undefined ? undefined : new Int32Array(new SharedArrayBuffer(8));
  if (shared) shared[1] = turns as number;
  poses[at] = { ...(poses[at] as Sent), fault, ...(shared && { turns: shared }) };
  return poses;
}

/** Error that combinePoses throws for these options. */
const errorOf = async (options: object): Promise<Error & { cause?: unknown }> => {
  try {
    await combinePoses({ params, combination, ...options } as never);
  } catch (error) {
    return error as Error;
  }
  throw new Error('it should have failed');
};

test('messages that the module posts itself are ignored', async () => {
  const poses = faulty('posts messages');
  const answers = [];
  for (let call = 0; call < 3; call++) {
    const { value } = await combinePoses({ pool, poses, params, combination });
    answers.push(value);
  }
  const { value } = await combinePoses({ score, poses: posesOf(20), params, combination });
  for (const each of answers) expect(each).toBeCloseTo(value, 12);
});

test('a timeout out of range is an error', () => {
  for (const timeout of [Number.POSITIVE_INFINITY, 2 ** 31, Number.NaN, 0, '20' as never])
    expect(() => workers({ module: import.meta.url as never, threads: 1, timeout })).toThrow(
      'timeout must be a number of milliseconds above 0 and below 2³¹',
    );
});

test('parameters that change during a batch are an error', async () => {
  for (const scoring of [{ pool }, { score }]) {
    const theta = { ...params, width: { data: Float64Array.of(2), shape: [] } };
    async function* compounds() {
      yield { poses: posesOf(4) };
      theta.width.data[0] = 3;
      yield { poses: posesOf(4) };
    }
    await expect(
      combineBatch({ ...scoring, compounds: compounds(), params: theta, combination } as never),
    ).rejects.toThrow('parameter width changed during the call');
  }
});

test('a bad pose is reported rather than a later error of the source', async () => {
  const poses = async function* () {
    yield* faulty('throws', { at: 1, count: 4 });
    throw new Error('source ended badly');
  };
  for (let i = 0; i < 5; i++) expect((await errorOf({ pool, poses: poses() })).message).toMatch(/^pose 1: /);
});

describe('a scorer that fails', () => {
  test.each<[Fault, object]>([
    ['throws', {}],
    ['throws', { strategy: 'recompute' }],
    ['throws a string', {}],
    ['throws with a cyclic cause', {}],
    ['throws with a cause without text', {}],
    ['is NaN', {}],
    ['is NaN', { strategy: 'recompute' }],
  ])('gives the same error as without a pool: %s %o', async (fault, more) => {
    const poses = faulty(fault);
    const here = await errorOf({ score, poses, ...more });
    const there = await errorOf({ pool, poses, ...more });
    expect(there.message).toBe(here.message);
    expect(there.message).toMatch(/^pose 9: /);
    expect(there.constructor).toBe(here.constructor);
    expect(there.name).toBe(here.name);
    expect((there.cause as Error | undefined)?.name).toBe((here.cause as Error | undefined)?.name);
    if (there instanceof BadPoseError) expect(there.index).toBe(9);
  });

  test('at several poses is reported for the first one', async () => {
    const poses = faulty('throws', { at: 3, count: 40 });
    for (let at = 4; at < 40; at++) poses[at] = { ...(poses[at] as Sent), fault: 'throws' };
    expect((await errorOf({ pool, poses })).message).toMatch(/^pose 3: not this one/);
  });

  test('in `load` is reported with the pose and the word `load`', async () => {
    const error = await errorOf({ pool, poses: faulty('cannot be loaded') });
    expect(error.message).toBe('pose 9: load: no such file');
    expect((error.cause as Error).name).toBe('RangeError');
  });

  test('with NaN has its pose left out by badPose: skip, and reported as without a pool', async () => {
    const poses = faulty('is NaN');
    for (const strategy of ['stream', 'recompute'] as const) {
      const options = { poses, params, combination, badPose: 'skip', strategy } as const;
      const here = await combinePoses<Sent, Theta>({ score, ...options });
      const there = await combinePoses<Sent, Theta>({ pool, ...options });
      expect(there.stats.badPoses).toEqual(here.stats.badPoses);
      expect(there.predictions).toEqual(here.predictions);
      expect(there.value).toBeCloseTo(here.value, 13);
    }
  });

  test('at one of several poses on a tape has only that pose left out', async () => {
    const options = { poses: faulty('is NaN'), badPose: 'skip', posesPerTape: 4 };
    const { stats } = await combinePoses({ pool, params, combination, ...options } as never);
    expect(stats.badPoses.map(({ index }) => index)).toEqual([9]);
  });

  test('in several compounds is reported for the first one', async () => {
    const compounds = [posesOf(5), faulty('throws'), faulty('throws', { at: 0 })].map(poses => ({ poses }));
    await expect(combineBatch({ pool, compounds, params, combination })).rejects.toThrow(
      'combineBatch: compound 1: pose 9: not this one',
    );
  });
});

describe('a worker that dies', () => {
  const expected = combinePoses<Sent, Theta>({ pool, poses: posesOf(20), params, combination });

  test.each([1, 2])(
    'once has its chunk run again, without counting poses twice: %i threads',
    async threads => {
      const { stats: _, ...wanted } = await expected;
      const progress: number[] = [];
      const { stats, ...result } = await combinePoses<Sent, Theta>({
        pool: poolOf({ threads }),
        poses: faulty('exits', { turns: 1 }),
        params,
        combination,
        onPose: ({ index }) => progress.push(index),
      });
      expect(result).toEqual(wanted);
      expect(stats.poses).toBe(20);
      expect(progress).toEqual([...posesOf(20).keys()]);
    },
  );

  test('twice while running one chunk is an error that names the poses', async () => {
    const error = await errorOf({ pool: poolOf(), poses: faulty('exits') });
    expect(error.message).toBe(
      'poses 8 to 11: two workers ended while running them; of the second: it exited with code 3',
    );
  });

  test('of an unhandled rejection is replaced', async () => {
    const { stats: _, ...wanted } = await expected;
    const poses = faulty('has an unhandled rejection', { turns: 1 });
    const { stats: __, ...found } = await combinePoses<Sent, Theta>({
      pool: poolOf(),
      poses,
      params,
      combination,
    });
    expect(found).toEqual(wanted);
  });

  test('of its memory limit is an error that says so, and the pool works afterwards', async () => {
    const small = poolOf({ node: { resourceLimits: { maxOldGenerationSizeMb: 48 } } });
    const error = await errorOf({ pool: small, poses: faulty('fills memory') });
    expect(error.message).toMatch(/^poses 8 to 11: two workers ended .* memory limit/);
    const { stats: _, ...wanted } = await expected;
    const { stats: __, ...found } = await combinePoses<Sent, Theta>({
      pool: small,
      poses: posesOf(20),
      params,
      combination,
    });
    expect(found).toEqual(wanted);
  });

  test('at the timeout of a hanging pose is an error, and the pool works afterwards', async () => {
    const limited = poolOf({ threads: 2, timeout: 400 });
    await limited.moduleInfo();
    const error = await errorOf({ pool: limited, poses: faulty('hangs') });
    expect(error.message).toBe('poses 8 to 11 took longer than the timeout of 400 ms');
    expect(
      (await combinePoses({ pool: limited, poses: posesOf(20), params, combination } as never)).stats.poses,
    ).toBe(20);
  });
});

describe('a pool throws an error', () => {
  test.each([
    ['./nowhere.ts', /nowhere\.ts/],
    ['../support/numbers.ts', /^workers: .*numbers\.ts exports neither score nor scoreGroup$/],
  ])('for a module without a scorer: %s', async (path, message) => {
    const broken = poolOf({ module: new URL(path, import.meta.url) });
    expect((await errorOf({ pool: broken, poses: posesOf(3) })).message).toMatch(message);
  });

  test('for a worker that cannot be started', async () => {
    const fails = poolOf({
      worker: () => {
        throw new Error('no more threads');
      },
    });
    expect((await errorOf({ pool: fails, poses: posesOf(3) })).message).toBe('no more threads');
  });

  test('for poses that cannot be sent', async () => {
    const poses = [...posesOf(5), { distances: [3], weight: (() => 1) as never }];
    expect((await errorOf({ pool, poses })).message).toMatch(
      /^poses 4 to 5 cannot be sent to a worker: .*could not be cloned/,
    );
  });

  test('after it was closed, also for a call in progress', async () => {
    const closing = poolOf();
    const running = errorOf({ pool: closing, poses: faulty('hangs', { at: 0 }) });
    await closing.moduleInfo();
    await closing.close();
    expect((await running).message).toBe('workers: the worker pool was closed');
    expect((await errorOf({ pool: closing, poses: posesOf(3) })).message).toBe(
      'workers: the worker pool was closed',
    );
  });

  test.each<[object, RegExp]>([
    [{ strategy: 'full-graph' }, /full-graph has all poses on one tape, which workers cannot share/],
    [{ score }, /with workers, score must be an export of their module; leave out the option/],
    [{ poseLoss: () => 0 }, /with workers, poseLoss must be an export of their module/],
    [{ pool: {} }, /pool must be made by workers\(\) of posetape\/parallel/],
    [
      { combination: pooling({ name: 'mine' }) },
      /^workers: the combination of the module is of boltzmann.*, not of mine/,
    ],
  ])('for options that cannot be used with a pool: %o', async (options, message) => {
    expect((await errorOf({ pool, poses: posesOf(3), ...options })).message).toMatch(message);
  });

  test('for a learned setting that differs from that of the module', async () => {
    const fresh = poolOf({}, 'learned-scorer');
    const poses = posesOf(9);
    const options = { pool: fresh, poses, params };
    const { value } = await combinePoses<Sent, Theta>({ ...options, combination: learned });
    const alone = await combinePoses<Sent, Theta>({ poses, params, score, combination: learned });
    expect(value).toBeCloseTo(alone.value, 12);
    const other = boltzmann({ kT: ({ width }: { width: Value }) => mul(2, width) });
    for (const strategy of ['stream', 'recompute'] as const)
      await expect(combinePoses<Sent, Theta>({ ...options, combination: other, strategy })).rejects.toThrow(
        'workers: kT of the module’s boltzmann is 2, but 4 in the call; pass the call the combination that the module exports',
      );
  });

  test.each<[object, RegExp]>([
    [{ threads: 0 }, /threads must be a whole number from 1, got 0/],
    [{ threads: 1, posesPerChunk: 1.5 }, /posesPerChunk must be a whole number from 1, got 1.5/],
    [{ threads: 1, timeout: -1 }, /timeout must be a number of milliseconds above 0 and below 2³¹, got -1/],
    [{ threads: 1, module: undefined }, /give a module, or a worker that calls serve\(\)/],
    [
      { threads: 1, module: './x.js' },
      /module must be a complete URL, got \.\/x\.js; use new URL\('\.\/x\.js', import\.meta\.url\)/,
    ],
    [{ threads: 1, treads: 2 }, /no option treads/],
  ])('for invalid options of workers(): %o', (options, message) => {
    expect(() => workers({ module: 'file:///scorer.js', ...options } as never)).toThrow(message);
  });
});

describe('an abort', () => {
  test.each(['stream', 'recompute'] as const)(
    'ends %s at once with its reason, and the pool works afterwards',
    async strategy => {
      const fresh = poolOf();
      await fresh.moduleInfo();
      const controller = new AbortController();
      const reason = new Error('enough');
      const running = errorOf({
        pool: fresh,
        poses: faulty('hangs', { at: 0 }),
        strategy,
        signal: controller.signal,
      });
      setTimeout(() => controller.abort(reason), 50);
      expect(await running).toBe(reason);
      // The pool has replaced the worker of the hanging pose, and works on.
      const { stats } = await combinePoses<Sent, Theta>({
        pool: fresh,
        poses: posesOf(20),
        params,
        combination,
      });
      expect(stats.poses).toBe(20);
    },
  );

  test('while the next pose is pending closes the source', async () => {
    let isClosed = false;
    const controller = new AbortController();
    const poses: AsyncIterable<Sent> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => setTimeout(() => controller.abort(new Error('enough')), 10)),
        return: async () => {
          isClosed = true;
          return { done: true, value: undefined };
        },
      }),
    };
    expect((await errorOf({ pool, poses, signal: controller.signal })).message).toBe('enough');
    expect(isClosed).toBe(true);
  });

  test('ends combineBatch', async () => {
    const controller = new AbortController();
    const fresh = poolOf();
    await fresh.moduleInfo();
    const compounds = [{ poses: faulty('hangs') }, { poses: posesOf(5) }];
    const running = combineBatch({ pool: fresh, compounds, params, combination, signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
  });
});

test('an error in a chunk ends a call whose source stays pending', async () => {
  async function* stalls(): AsyncGenerator<Sent> {
    yield* faulty('throws', { at: 0, count: 4 });
    await new Promise(() => {});
  }
  expect((await errorOf({ pool, poses: stalls() })).message).toMatch(/^pose 0: not this one/);
});

test('parameters that change during the call are an error', async () => {
  const theta = { depth: { ...params.depth, data: params.depth.data.slice() }, width: params.width };
  const changed = combinePoses<Sent, Theta>({
    pool,
    poses: posesOf(20),
    params: theta,
    combination,
    onPose() {
      theta.depth.data[0] = 5;
    },
  });
  await expect(changed).rejects.toThrow('parameter depth changed during the call');
});

describe('buffers of poses', () => {
  const poses = () => posesOf(6).map(({ distances }) => ({ distances: Float64Array.from(distances) }));

  test('stay with the caller', async () => {
    const original = poses();
    await combinePoses<Sent, Theta>({ pool, poses: original, params, combination });
    expect(original.every(({ distances }) => distances.length > 0)).toBe(true);
  });

  test('that were transferred before are an error', async () => {
    const transferring = poolOf({ transfer: true });
    const poses = posesOf(8).map(({ distances }) => ({ distances: Float64Array.from(distances) }));
    await combinePoses({ pool: transferring, params, combination, poses });
    const again = await errorOf({ pool: transferring, poses });
    expect(again.message).toBe(
      'poses 0 to 3 cannot be sent to a worker: an array in them was transferred before and is empty',
    );
    const recomputed = await errorOf({
      pool: transferring,
      poses: posesOf(4).map(({ distances }) => ({ distances: Float64Array.from(distances) })),
      strategy: 'recompute',
    });
    expect(recomputed.message).toContain('was transferred before');
  });

  test('are transferred by transfer: true', async () => {
    const transferring = poolOf({ transfer: true });
    const transferred = poses();
    const { value } = await combinePoses<Sent, Theta>({
      pool: transferring,
      poses: transferred,
      params,
      combination,
    });
    expect(value).toBe(
      (await combinePoses<Sent, Theta>({ pool, poses: poses(), params, combination })).value,
    );
    expect(transferred.every(({ distances }) => distances.length === 0)).toBe(true);
    const error = await errorOf({ pool: transferring, poses: faulty('exits') });
    expect(error.message).toMatch(/^poses 8 to 11: their worker ended, and the transferred arrays are lost/);
  });
});

test('a loss is computed by the caller from the pool’s sums', async () => {
  const loss: CombineOptions<Sent, Theta>['loss'] = (x, { params: theta }) => square(sub(x, theta.width));
  const here = await combinePoses<Sent, Theta>({ score, poses: posesOf(20), params, combination, loss });
  const there = await combinePoses<Sent, Theta>({ pool, poses: posesOf(20), params, combination, loss });
  expect(there.loss).toBeCloseTo(here.loss as number, 12);
  expect(there.gradient.width.data[0]).toBeCloseTo(here.gradient.width.data[0] as number, 12);
});
