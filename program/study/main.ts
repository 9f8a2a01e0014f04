/**
 * Study of Vina's weights refitted to measured affinities. Each target is left out of the fit once, and predicted. Writes
 * bench/report/affinity.md.
 *
 *     npm run study -- --data DIR
 */
import { Command } from 'commander';
import { uniform } from '../../examples/networks/random.ts';
import { count } from '../command/numbers.ts';
import { progressOn } from '../command/progress.ts';
import { checkWritable, writeAtomically } from '../files/atomic.ts';
import { fitScorerOf } from '../fit/scorers.ts';
import { average, grouped } from '../fit/statistics.ts';
import { readStudy, type StudyCompound, targetFolders } from './data.ts';
import { type Row, resamples } from './figures.ts';
import { type Fold, Folds } from './folds.ts';
import { networkPredictions, networkSettings } from './network.ts';
import { methods, type PoolingResult, pageOf } from './page.ts';
import { studyPoolings } from './poolings.ts';
import { priors } from './refit.ts';

interface Options {
  readonly data: string;
  readonly other: readonly string[];
  readonly network: boolean;
  readonly samples: number;
  readonly seed: number;
  readonly out: string;
}

const program = new Command('npm run study --')
  .description(
    'Refits Vina’s weights to measured affinities, leaving out one target at a time, and compares them with the shipped ' +
      'weights, the mean and a SchNet.\n\nIt takes folders like those of fit, one for each target, and writes a report.',
  )
  .requiredOption('--data <folder>', 'folder with a folder for each target')
  .option('--other <folders...>', 'further targets that are only predicted', [])
  .option('--no-network', 'leave out the SchNet, which takes most of the time')
  .option('--samples <number>', 'bootstrap samples', count, 2000)
  .option('--seed <number>', 'seed of the samples and of the SchNet', count, 1)
  .option('--out <file>', 'the report', 'bench/report/affinity.md')
  .parse();

const options = program.opts<Options>();
const progress = progressOn(process.stderr);
try {
  await checkWritable(options.out);
  await writeAtomically(options.out, await study(options));
  progress.stop();
  console.log(`written to ${options.out}`);
} catch (error) {
  progress.stop();
  console.error(`error: ${(error as Error).message}`);
  process.exitCode = 1;
}

async function study({ data, other, network, samples, seed }: Options): Promise<string> {
  const start = performance.now();
  const folders = await targetFolders(data);
  const compounds = await readStudy(folders);
  const others = other.length > 0 ? await readStudy(other) : [];
  const scorer = await fitScorerOf({ scorer: 'vina', settings: networkSettings, seed });
  const targets = [...grouped(compounds, ({ target }) => target).keys()];
  // Each pooling, with kept and with free signs, needs one fit for each target, and one for each pair of targets and each prior.
  const pairs = (targets.length * (targets.length - 1)) / 2;
  const fits = 2 * studyPoolings.length * (pairs * priors.length + targets.length);
  // With --other there are more fits, so the display stops at the total.
  let done = 0;
  const onFit = () => progress.show('fits', Math.min(++done, fits), fits);
  const poolings: PoolingResult[] = [];
  for (const pooling of studyPoolings) {
    const [kept, free] = (['kept', 'free'] as const).map(
      signs => new Folds(compounds, pooling, scorer, signs, onFit),
    ) as [Folds, Folds];
    poolings.push({
      name: pooling.name,
      kept: await runFolds(kept),
      free: await runFolds(free),
      ...(others.length > 0 && { others: await kept.fold('', others) }),
    });
  }
  progress.stop();
  const byNetwork = network
    ? await networkPredictions(folders, seed, (_, nth) => progress.show('SchNet', nth + 1, targets.length))
    : undefined;
  const rows = rowsOf(compounds, poolings, byNetwork);
  const slope = slopeOf(compounds);
  return pageOf({
    command: `npm run study -- --data DIR${other.length > 0 ? ' --other TYK2' : ''}${network ? '' : ' --no-network'}`,
    compounds: compounds.length,
    poses: compounds.reduce((total, { poseCount }) => total + poseCount, 0),
    poolings,
    rows,
    hasNetwork: byNetwork !== undefined,
    samples: resamples(rows, samples, uniform(seed)),
    others: others.map((compound, i) => ({
      ...{ target: compound.target, measured: compound.measured },
      predicted: {
        [methods.mean]: 0,
        [methods.heavy]: slope * compound.heavyAtoms,
        ...Object.fromEntries(
          poolings.flatMap(({ name, others: fold }) => [
            [methods.shipped(name), fold?.shipped[i] as number],
            [methods.kept(name), fold?.predicted[i] as number],
          ]),
        ),
      },
    })),
    seconds: (performance.now() - start) / 1000,
  });
}

async function runFolds(folds: Folds): Promise<Fold[]> {
  const results: Fold[] = [];
  for (const target of folds.targets) results.push(await folds.fold(target));
  return results;
}

function rowsOf(
  compounds: readonly StudyCompound[],
  poolings: readonly PoolingResult[],
  network: ReadonlyMap<string, number> | undefined,
): Row[] {
  const byName = (folds: readonly Fold[], weights: 'predicted' | 'shipped') =>
    new Map(folds.flatMap(fold => fold.compounds.map(({ name }, i) => [name, fold[weights][i] as number])));
  const columns = poolings.flatMap(
    ({ name, kept, free }) =>
      [
        [methods.shipped(name), byName(kept, 'shipped')],
        [methods.kept(name), byName(kept, 'predicted')],
        [methods.free(name), byName(free, 'predicted')],
      ] as const,
  );
  return compounds.map(({ name, target, measured, heavyAtoms }) => {
    const slope = slopeOf(compounds.filter(each => each.target !== target));
    const networkValue = network?.get(name);
    return {
      ...{ target, measured },
      predicted: {
        ...Object.fromEntries(columns.map(([method, numbers]) => [method, numbers.get(name) as number])),
        [methods.mean]: 0,
        [methods.heavy]: slope * heavyAtoms,
        ...(networkValue !== undefined && { [methods.network]: networkValue }),
      },
    };
  });
}

/** Returns the slope of ΔG by the number of heavy atoms, in kcal/mol, by least squares within targets. */
function slopeOf(compounds: readonly StudyCompound[]): number {
  let [products, squares] = [0, 0];
  for (const group of grouped(compounds, ({ target }) => target).values()) {
    const [x, y] = [average(group.map(each => each.heavyAtoms)), average(group.map(each => each.measured))];
    for (const { heavyAtoms, measured } of group) {
      products += (heavyAtoms - x) * (measured - y);
      squares += (heavyAtoms - x) ** 2;
    }
  }
  return products / squares;
}
