import type { VinaWeights } from '../../examples/vina/score.ts';
import { exitCodes } from '../command/errors.ts';
import { withPooling } from '../command/poolings.ts';
import type { Context } from '../command/subcommand.ts';
import { checkWritable, writeAtomically } from '../files/atomic.ts';
import { checkReplacesNoInput } from '../files/inputs.ts';
import { rewardsClashes } from '../vina/clashes.ts';
import { type DefiningSettings, hashOf } from './checkpoint-file.ts';
import { readCompounds } from './compounds.ts';
import type { Source } from './dataset.ts';
import { htmlReport } from './html.ts';
import type { FitOptions } from './options.ts';
import { ignoringClosedPipe } from './outputs.ts';
import { partsOf } from './parts.ts';
import { type Predicted, Problem } from './problem.ts';
import { describeEpoch, describeFit, describeStart, isShown } from './report.ts';
import { type CompoundResult, errorsOf, type FitReport } from './result.ts';
import { Saver } from './saver.ts';
import { fitScorerOf } from './scorers.ts';
import { findSources } from './sources.ts';

/**
 * Fits a scoring function to compounds and prints the loss of each epoch. Results are saved during the fit. Returns the exit
 * code.
 */
export async function runFit(given: FitOptions, context: Context): Promise<number> {
  const files = [given.out, given.checkpoint, given.report].filter(file => file !== undefined);
  for (const file of files) await checkWritable(file);
  const write = ignoringClosedPipe(context.write, files.length > 0);
  // With --json, only the results are printed.
  const say = (text: string) => (given.json ? undefined : write(text));

  if (given.isExample) {
    context.warn(
      `note: the affinities of ${given.folder[0]} are made up: give --folder or --table to fit your own`,
    );
  }
  const scorer = await fitScorerOf({ ...given, warn: context.warn });
  const options = withPooling(given, scorer.pooling);
  const sources = await findSources(options, options);
  const inputs = sources.flatMap(({ receptor, poses, measuredIn }) => [receptor, poses, measuredIn]);
  await checkReplacesNoInput(files, [given.weights, ...inputs]);
  tellNotes(sources, context);
  const { compounds, skipped } = await readCompounds(sources, scorer, options, context);
  const problem = new Problem(compounds, partsOf(compounds, options), scorer, options, context);
  await problem.begin();
  const saver = await Saver.begin(options, definingSettings(problem, options), problem, context);
  await say(describeStart(problem, options, { isStyled: context.isStyled, resumed: saver.epochs }));
  warnOfOverfitting(problem, options, context);

  const fitted = await problem.fit(saver, async epoch => {
    context.progress.stop();
    if (isShown(epoch.epoch, options.epochs)) await say(describeEpoch(epoch));
  });
  await saver.end(fitted.params);
  const bad = fitted.badCompounds.map(({ name, reason }) => ({ name, reason }));
  for (const { name, reason } of bad) context.warn(`skipped ${name}: ${reason}`);
  const { repulsion } = fitted.params;
  if (
    options.scorer === 'vina' &&
    repulsion &&
    rewardsClashes({ repulsion } as Pick<VinaWeights, 'repulsion'>)
  ) {
    context.warn(
      `note: repulsion became ${repulsion.data[0]?.toFixed(3)}, so clashing poses score better, and refine rejects the weights; prevent it with --freeze repulsion or --stay 1`,
    );
  }
  const { predictions, failed } = await problem.predictAll(fitted.params);
  const report: FitReport = {
    epochs: fitted.epochs,
    best: fitted.best,
    stopped: fitted.stopped,
    compounds: predictions.map(resultOf),
    ...errorsOf(predictions.map(resultOf)),
    numbers: problem.numbersOf(fitted.params),
    skipped: [...skipped, ...bad, ...failed.filter(each => !bad.some(({ name }) => name === each.name))],
  };
  if (options.report !== undefined) {
    await writeAtomically(options.report, htmlReport(report, options));
  }
  if (options.json) await write(`${JSON.stringify(report, undefined, 2)}\n`);
  else await say(describeFit(report, options, context.isStyled));
  return report.skipped.length > 0 ? exitCodes.skipped : exitCodes.done;
}

/** Returns the result of a compound, for the report. */
function resultOf({ compound, part, measured, bound, predicted }: Predicted): CompoundResult {
  const { name, target, poseCount: poses } = compound;
  return {
    ...{ name, target, part, isFitted: part === 'fitted', poses, measured },
    ...(bound && { bound }),
    predicted,
  };
}

/** Warns if the fitted parameters outnumber the compounds, and no compounds are kept to check the fit. */
function warnOfOverfitting(
  problem: Problem,
  { epochs, validate, leaveOut }: FitOptions,
  { warn }: Pick<Context, 'warn'>,
): void {
  const [parameters, compounds] = [problem.freeCount, problem.inPart('fitted').length];
  const isChecked = validate !== undefined || leaveOut.length > 0;
  if (epochs === 0 || isChecked || parameters <= compounds) return;
  warn(
    `note: fits ${parameters} parameters to ${compounds} ${compounds === 1 ? 'compound' : 'compounds'}, which they may fit by chance: check with --validate or --leave-out`,
  );
}

/** Prints the first remark on an affinity, and the number of others. */
function tellNotes(sources: readonly Source[], { warn }: Pick<Context, 'warn'>): void {
  const notes = sources.flatMap(({ affinity: { note } }) => note ?? []);
  const [first] = notes;
  if (first === undefined) return;
  warn(`note: ${first.split('\n')[0]}${notes.length > 1 ? `; and ${notes.length - 1} more such` : ''}`);
}

/** Returns the settings that must be the same when a fit is resumed. */
function definingSettings(problem: Problem, options: FitOptions): DefiningSettings {
  const { scorer, seed, combination, kT, t, q, learn, freeze, loss, huber, readout, stay } = options;
  const { optimiser, rate, momentum, weightDecay = 0, clip = null, batch = null } = options;
  const compounds = problem.all.map(({ name, pKi, bound = null, poseCount }) => [
    ...[name, pKi, bound, poseCount],
    problem.partOf(name),
  ]);
  return {
    ...{ scorer, settings: problem.scorer.settings ?? null, seed, combination, kT, t, q },
    ...{ learn, freeze, loss, huber, readout, stay },
    ...{ optimiser, rate, momentum, 'weight-decay': weightDecay, clip, batch },
    compounds: hashOf(JSON.stringify(compounds)),
    weights: hashOf(problem.initialBytes()),
  };
}
