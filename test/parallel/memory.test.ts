import { setTimeout } from 'node:timers/promises';
import { accumulatePoses, combinePoses, mean } from 'posetape/combine';
import { expect, test } from 'vitest';
import { chunkedBy, poolOf } from './pools.ts';
import { params, type Sent, type Theta } from './scorer.ts';

const pool = poolOf({ threads: 2, posesPerChunk: 100 });
const combination = mean();

test('memory does not grow with the number of poses: 100,000 poses of 1.6 kB', async () => {
  const sizes: number[] = [];
  function* poses(): Generator<Sent> {
    for (let i = 0; i < 100_000; i++) {
      if (i % 5000 === 4999) sizes.push(process.memoryUsage.rss());
      yield { distances: new Float64Array(200).fill(3 + i / 1e6) };
    }
  }
  const { stats } = await accumulatePoses<Sent, Theta>({ pool, poses: poses(), params, combination });
  expect(stats.poses).toBe(100_000);
  const [first, second] = [Math.max(...sizes.slice(0, 10)), Math.max(...sizes.slice(10))];
  // The second half of the poses would take 80 MB.
  expect(second - first).toBeLessThan(40 * 2 ** 20);
});

test('a source that is faster than the workers waits once there are two chunks for each thread', async () => {
  const small = chunkedBy(pool, 5);
  let [read, reported, mostUnreported] = [0, 0, 0];
  async function* poses(): AsyncGenerator<Sent> {
    for (; read < 500; read++) {
      mostUnreported = Math.max(mostUnreported, read - reported);
      yield { distances: [3] };
    }
  }
  await combinePoses<Sent, Theta>({
    pool: small,
    poses: poses(),
    params,
    combination,
    onPose: ({ index }) => {
      expect(index).toBe(reported);
      reported++;
    },
  });
  expect(reported).toBe(500);
  expect(mostUnreported).toBeLessThanOrEqual((2 * small.threads + 1) * 5);
});

test('a full chunk runs at once if the source is slower than the workers', async () => {
  let [reported, reportedBeforeFifth] = [0, 0];
  async function* poses(): AsyncGenerator<Sent> {
    for (let i = 0; i < 4; i++) yield { distances: [3] };
    while (reported < 4) await setTimeout(5);
    reportedBeforeFifth = reported;
    yield { distances: [3] };
  }
  await combinePoses<Sent, Theta>({
    pool: chunkedBy(pool, 2),
    poses: poses(),
    params,
    combination,
    onPose() {
      reported++;
    },
  });
  expect([reportedBeforeFifth, reported]).toEqual([4, 5]);
});
