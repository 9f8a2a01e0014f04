import { interpreter } from 'posetape';
import { combinePoses, squaredError } from 'posetape/combine';
import { poolings, readoutOf } from '../command/poolings.ts';
import type { Context } from '../command/subcommand.ts';
import type { Compound } from './compounds.ts';
import { strategyNames } from './options.ts';
import { Prepared } from './prepared.ts';
import type { StrategyCost } from './result.ts';
import type { Scoring } from './scoring.ts';

/** Computes the gradient of the first compound by each strategy and returns the costs. The full graph runs on two executors. */
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
    // The full graph runs twice: on the executor of the other strategies, and on the interpreter, its default.
    const isFull = strategy === 'full-graph';
    for (const runExecutor of isFull ? [executor, interpreter()] : [executor]) {
      const run = () =>
        combinePoses({
          poses,
          params: scorer.params,
          ...{ score: scorer.score, posesPerTape: 1 },
          combination: poolings[scoring.combination].make(scoring),
          ...(readout && { readout }),
          ...(target !== undefined && { loss: squaredError(target) }),
          ...{ strategy, executor: runExecutor, badPose: 'skip', signal },
          onPose({ index, pass, passes }) {
            // A signal during the full graph ends the process at once, and a progress bar would leave the cursor hidden.
            if (!isFull)
              progress.show(strategy, (pass - 1) * poses.length + index + 1, passes * poses.length);
            return breathe();
          },
        });
      progress.stop();
      const start = performance.now();
      // A full graph is one synchronous run, in which signals cannot be handled.
      const { gradient, stats } = await (isFull ? unguarded(run) : run());
      const milliseconds = performance.now() - start;
      reference ??= gradient;
      const { executor: executorName, peakBytes, tapesAlive } = stats;
      const difference = largestDifference(gradient, reference);
      costs.push({ strategy, executor: executorName, peakBytes, tapesAlive, milliseconds, difference });
    }
  }
  return costs;
}

type Slopes = Readonly<Record<string, { readonly data: Float64Array }>>;

/** Returns the largest difference of a derivative from `reference`. It is relative, or absolute if the reference is 0. */
function largestDifference(gradient: Slopes, reference: Slopes): number {
  let largest = 0;
  for (const [name, { data }] of Object.entries(gradient)) {
    const expected = reference[name]?.data ?? data;
    for (let i = 0; i < data.length; i++) {
      const difference = Math.abs((data[i] as number) - (expected[i] as number));
      largest = Math.max(largest, difference / (Math.abs(expected[i] as number) || 1));
    }
  }
  return largest;
}
