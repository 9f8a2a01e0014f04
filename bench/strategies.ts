/**
 * What a tape per pose costs against the full graph: the Vina scorer on the 64 imatinib–Abl poses, repeated or cut to N.
 *
 *     npm run bench:strategies
 *
 * Peak bytes are the engine's exact count. Time is CPU time of this process per pose, the median of interleaved rounds.
 */
import { type Executor, interpreter, jit } from 'posetape';
import { boltzmann, combinePoses, type Strategy, squaredError } from 'posetape/combine';
import { readEnsemble } from '../examples/vina/files.ts';
import { score, vinaWeights } from '../examples/vina/score.ts';

const data = 'examples/vina/data/imatinib-abl';
const rows: readonly { strategy: Strategy; executor: Executor }[] = [
  { strategy: 'stream', executor: jit() },
  { strategy: 'recompute', executor: jit() },
  { strategy: 'stream', executor: interpreter() },
  { strategy: 'recompute', executor: interpreter() },
  { strategy: 'full-graph', executor: interpreter() },
];
const counts = [4, 64, 1024];
const rounds = 5;

const { poses } = await readEnsemble(`${data}/pocket.pdbqt`, `${data}/poses.pdbqt`);

/** N poses, the 64 over and over. */
function cycled(count: number): typeof poses {
  return Array.from({ length: count }, (_, n) => poses[n % poses.length] as (typeof poses)[number]);
}

interface Measured {
  readonly bytes: number;
  readonly milliseconds: number;
}

async function measure({ strategy, executor }: (typeof rows)[number], count: number): Promise<Measured> {
  const before = process.cpuUsage();
  const { stats } = await combinePoses({
    poses: cycled(count),
    params: vinaWeights(),
    score,
    combination: boltzmann({ kT: 0.593 }),
    loss: squaredError(-10.1),
    strategy,
    executor,
  });
  const { user, system } = process.cpuUsage(before);
  return { bytes: stats.peakBytes, milliseconds: (user + system) / 1000 / count };
}

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] as number;

console.log('| N | strategy | executor | peak bytes | CPU ms per pose |');
console.log('| ---: | --- | --- | ---: | ---: |');
for (const count of counts) {
  const measured = new Map(rows.map(row => [row, [] as Measured[]]));
  for (const row of rows) for (let warm = 0; warm < 3; warm++) await measure(row, 64);
  for (let round = 0; round < (count > 100 ? 3 : rounds); round++) {
    for (const row of rows) measured.get(row)?.push(await measure(row, count));
  }
  for (const [{ strategy, executor }, runs] of measured) {
    const bytes = runs[0]?.bytes.toLocaleString('en');
    const time = median(runs.map(({ milliseconds }) => milliseconds)).toFixed(2);
    console.log(`| ${count} | ${strategy} | ${executor.name} | ${bytes} | ${time} |`);
  }
}
