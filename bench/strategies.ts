/**
 * What a tape per pose costs against the full graph: the Vina scorer on the 64 imatinib–Abl poses, repeated or cut to N.
 *
 *     npm run bench:strategies
 *
 * Peak bytes are the engine's exact count. Time is CPU time of this process per pose, the median of interleaved rounds.
 */
import { boltzmann, combinePoses, type Strategy, squaredError } from 'posetape/combine';
import { readEnsemble } from '../examples/vina/ensemble.ts';
import { score, vinaWeights } from '../examples/vina/score.ts';

const data = 'examples/vina/data/imatinib-abl';
const strategies: readonly Strategy[] = ['stream', 'recompute', 'full-graph'];
const counts = [4, 64, 1024];
const rounds = 5;

const { poses } = await readEnsemble(`${data}/pocket.pdbqt`, `${data}/poses.pdbqt`);

/** N poses, the 64 over and over. */
function cycled(count: number): typeof poses {
  return Array.from({ length: count }, (_, n) => poses[n % poses.length] as (typeof poses)[number]);
}

async function measure(strategy: Strategy, count: number): Promise<{ bytes: number; milliseconds: number }> {
  const before = process.cpuUsage();
  const { stats } = await combinePoses({
    poses: cycled(count),
    params: vinaWeights(),
    score,
    combination: boltzmann({ kT: 0.593 }),
    loss: squaredError(-10.1),
    strategy,
  });
  const { user, system } = process.cpuUsage(before);
  return { bytes: stats.peakBytes, milliseconds: (user + system) / 1000 / count };
}

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] as number;

console.log('    N  strategy        peak bytes  CPU ms per pose');
for (const count of counts) {
  const runs = new Map(
    strategies.map(strategy => [strategy, [] as { bytes: number; milliseconds: number }[]]),
  );
  for (const strategy of strategies) await measure(strategy, Math.min(count, 64)); // warm up
  for (let round = 0; round < (count > 100 ? 1 : rounds); round++) {
    for (const strategy of strategies) runs.get(strategy)?.push(await measure(strategy, count));
  }
  for (const [strategy, measured] of runs) {
    const bytes = `${measured[0]?.bytes.toLocaleString('en')}`;
    const time = median(measured.map(({ milliseconds }) => milliseconds)).toFixed(2);
    console.log(
      `${`${count}`.padStart(5)}  ${strategy.padEnd(10)}  ${bytes.padStart(14)}  ${time.padStart(15)}`,
    );
  }
}
