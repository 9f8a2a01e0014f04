import { interpreter } from 'posetape';
import { combinePoses, squaredError } from 'posetape/combine';
import { poolings, readoutOf } from '../command/poolings.ts';
import type { Context } from '../command/subcommand.ts';
import type { Compound } from './compounds.ts';
import { strategyNames } from './options.ts';
import { Prepared } from './prepared.ts';
import type { StrategyCost } from './result.ts';
import type { Scoring } from './scoring.ts';

/** Takes the gradient of the first compound by each strategy; that of the full graph by two executors. */
export async function compareStrategies(
  compounds: AsyncIterable<Compound>,
  scoring: Scoring<unknown>,
  { progress, unguarded, signal, breathe }: Context,
): Promise<StrategyCost[]> {
  const poses: unknown[] = [];
  for await (const compound of compounds) {
    for await (const pose of new Prepared(compound, scoring).poses()) poses.push(pose);
    break;
  }
  const { scorer, executor, target } = scoring;
  const readout = readoutOf(scoring);
  const costs: StrategyCost[] = [];
  let reference: Slopes | undefined;
  for (const strategy of strategyNames) {
    // Like beside like; by default a full graph runs on the interpreter, as it would be planned for one use.
    const isFull = strategy === 'full-graph';
    for (const by of isFull ? [executor, interpreter()] : [executor]) {
      const run = () =>
        combinePoses({
          poses,
          params: scorer.params,
          ...{ score: scorer.score, posesPerTape: 1 },
          combination: poolings[scoring.combination].make(scoring),
          ...(readout && { readout }),
          ...(target !== undefined && { loss: squaredError(target) }),
          ...{ strategy, executor: by, badPose: 'skip', signal },
          onPose({ index, pass, passes }) {
            // Nothing gives the cursor back where a signal ends the process.
            if (!isFull)
              progress.show(strategy, (pass - 1) * poses.length + index + 1, passes * poses.length);
            return breathe();
          },
        });
      progress.stop();
      const start = performance.now();
      // A full graph is one run, in which no signal gets a turn.
      const { gradient, stats } = await (isFull ? unguarded(run) : run());
      const milliseconds = performance.now() - start;
      reference ??= gradient;
      const { executor: ran, peakBytes, tapesAlive } = stats;
      const difference = largestDifference(gradient, reference);
      costs.push({ strategy, executor: ran, peakBytes, tapesAlive, milliseconds, difference });
    }
  }
  return costs;
}

type Slopes = Readonly<Record<string, { readonly data: Float64Array }>>;

/** The largest difference of a derivative, relative to that of `reference`. */
function largestDifference(gradient: Slopes, reference: Slopes): number {
  let largest = 0;
  for (const [name, { data }] of Object.entries(gradient)) {
    const exact = reference[name]?.data ?? data;
    for (let i = 0; i < data.length; i++) {
      const difference = Math.abs((data[i] as number) - (exact[i] as number));
      largest = Math.max(largest, difference / (Math.abs(exact[i] as number) || 1));
    }
  }
  return largest;
}
