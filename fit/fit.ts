import type { ByWorkers, Compound, Grouped, Params } from '../combine/index.ts';
import {
  type Checkpoint,
  type EpochLosses,
  type FitState,
  loadCheckpoint,
  saveCheckpoint,
} from './checkpoint.ts';
import { type AnyFitOptions, type FitOptions, settingsOf } from './fit-options.ts';
import { copyOf, type Fitted } from './params.ts';
import { shuffled, uniform } from './random.ts';
import type { Epoch, FitResult } from './result.ts';
import { Scoring } from './scoring.ts';
import { type Split, split } from './split.ts';

/**
 * Fits the parameters of a scorer to many compounds. In every epoch `combineBatch` computes the gradient of each batch of
 * compounds, and the optimiser takes a step with the mean over the batch.
 *
 * The same options give the same bits, even if the fit was interrupted and resumed. The optimiser and the parameters passed
 * in are not changed.
 *
 * @throws TypeError or RangeError naming an option; Error naming the compound that cannot be scored, with the original error as
 * its cause; the signal's reason when aborted
 * @example
 * const { params, epochs } = await fit({
 *   compounds: [{ name: 'a', poses: [[2.9, 3.4]], measured: -3 }, { name: 'b', poses: [[3.1, 3.0]], measured: -2 }],
 *   params: { depth: tensor(-1), width: tensor(2) },
 *   score,
 *   combination: boltzmann(),
 *   loss: ({ measured }) => squaredError(measured),
 *   optimiser: adam({ rate: 0.01 }),
 *   epochs: 100,
 * });
 */
export async function fit<Pose, C extends Compound<Pose>, const P extends Params>(
  options: Grouped<FitOptions<Pose, C, P>, Pose, P>,
): Promise<FitResult<P>>;
export async function fit<Pose, C extends Compound<Pose>, const P extends Params>(
  options: ByWorkers<FitOptions<Pose, C, P>>,
): Promise<FitResult<P>>;
export async function fit<Pose, C extends Compound<Pose>, const P extends Params>(
  options: FitOptions<Pose, C, P>,
): Promise<FitResult<P>>;
export async function fit<Pose, C extends Compound<Pose>, const P extends Params>(
  options: AnyFitOptions<Pose, C, P>,
): Promise<FitResult<P>> {
  const epochs = fitting(options as FitOptions<Pose, C, P>);
  for (;;) {
    const { done, value } = await epochs.next();
    if (done) return value;
  }
}

/**
 * Runs {@link fit} as an async iterable of epochs, each computed on demand. To stop early, break the loop.
 *
 * @example
 * for await (const { epoch, loss, params } of fitting({ … })) if (loss < 0.1) break;
 */
export function fitting<Pose, C extends Compound<Pose>, const P extends Params>(
  options: Grouped<FitOptions<Pose, C, P>, Pose, P>,
): AsyncGenerator<Epoch<P>, FitResult<P>, void>;
export function fitting<Pose, C extends Compound<Pose>, const P extends Params>(
  options: ByWorkers<FitOptions<Pose, C, P>>,
): AsyncGenerator<Epoch<P>, FitResult<P>, void>;
export function fitting<Pose, C extends Compound<Pose>, const P extends Params>(
  options: FitOptions<Pose, C, P>,
): AsyncGenerator<Epoch<P>, FitResult<P>, void>;
export async function* fitting<Pose, C extends Compound<Pose>, const P extends Params>(
  options: AnyFitOptions<Pose, C, P>,
): AsyncGenerator<Epoch<P>, FitResult<P>, void> {
  const settings = settingsOf(options);
  const { optimiser, resume, seed, params, compounds, validation, patience } = settings;
  const sides: Split<C> =
    validation === undefined ? { training: compounds, validation: [] } : split(compounds, validation, seed);
  const thisFit = { seed, compounds: [sides.training.length, sides.validation.length] as const, params };
  const state: FitState<P> = resume
    ? loadCheckpoint(resume, optimiser, thisFit)
    : { params: copyOf(params), best: undefined, epochs: [], bad: new Map() };
  const scoring = new Scoring(settings, sides, state.bad);
  const steps = stepsOf(settings, scoring, resume?.optimiser);

  const ended = (stopped: FitResult<P>['stopped']): FitResult<P> => ({
    params: state.best?.params ?? state.params,
    best: state.best?.epoch ?? state.epochs.length,
    epochs: state.epochs,
    stopped,
    badCompounds: [...state.bad.values()],
  });
  const isOutOfPatience = () =>
    patience !== undefined && state.epochs.length - (state.best?.epoch ?? 0) >= patience;

  for (;;) {
    if (isOutOfPatience()) return ended('patience');
    if (state.epochs.length >= settings.epochs) return ended('epochs');
    settings.signal?.throwIfAborted();
    const epoch = state.epochs.length + 1;
    scoring.epoch = epoch;
    const { params: after, loss, isConverged } = await steps.take(state.params, epoch);
    state.params = after;
    let losses: EpochLosses = { epoch, loss };
    if (sides.validation.length > 0) {
      const validationLoss = await scoring.validationLoss(after);
      losses = { ...losses, validationLoss };
      if (!(state.best && state.best.loss <= validationLoss) && !Number.isNaN(validationLoss))
        state.best = { epoch, loss: validationLoss, params: after };
    }
    state.epochs.push(losses);
    const isLast = isConverged || epoch === settings.epochs || isOutOfPatience();
    if (settings.onCheckpoint && (isLast || epoch % settings.checkpointEvery === 0))
      await settings.onCheckpoint(saveCheckpoint(state, steps.saved(), thisFit));
    const progress: Epoch<P> = { ...losses, params: after, ...(state.best && { best: state.best.epoch }) };
    await settings.onEpoch?.(progress);
    yield progress;
    if (isConverged) return ended('converged');
  }
}

/** The work of an epoch, for either kind of optimiser. */
interface Steps<P extends Params> {
  /** Runs an epoch. */
  take(
    params: Fitted<P>,
    epoch: number,
  ): Promise<{ readonly params: Fitted<P>; readonly loss: number; readonly isConverged: boolean }>;
  /** Returns the state of the optimiser. */
  saved(): Checkpoint['optimiser'];
}

function stepsOf<Pose, C extends Compound<Pose>, P extends Params>(
  {
    optimiser,
    batch,
    shuffle,
    seed,
  }: Pick<ReturnType<typeof settingsOf<Pose, C, P>>, 'optimiser' | 'batch' | 'shuffle' | 'seed'>,
  scoring: Scoring<Pose, C, P>,
  saved: Checkpoint['optimiser'] | undefined,
): Steps<P> {
  const all = [...scoring.training.keys()];
  const random = (epoch: number) => uniform(seed, epoch);
  if (optimiser.kind === 'full-batch') {
    const descent = optimiser.start(saved);
    let hasBegun = false;
    return {
      async take(params) {
        // Bad compounds are found at the start of the search. Later, a bad value only means that a step was too long.
        if (!hasBegun) await scoring.train(params, all);
        hasBegun = true;
        const descended = await descent.step(params as unknown as P, async at => {
          const { loss, gradient } = await scoring.train(at, all, { isTrial: true });
          return { loss, gradient };
        });
        const { params: after, before: loss, stopped } = descended;
        return { params: after, loss, isConverged: stopped !== undefined };
      },
      saved: () => descent.toJSON(),
    };
  }
  const stepper = optimiser.start(saved);
  const size = batch ?? all.length;
  return {
    async take(params, epoch) {
      // If all compounds are one batch, their order changes only the rounding.
      const order = shuffle && size < all.length ? shuffled(all, random(epoch)) : all;
      let [now, sum, count] = [params, 0, 0];
      for (let from = 0; from < order.length; from += size) {
        const mean = await scoring.train(now, order.slice(from, from + size), { mayBeEmpty: true });
        if (mean.count === 0) continue;
        now = stepper.step(now as unknown as P, mean.gradient);
        sum += mean.loss * mean.count;
        count += mean.count;
      }
      if (count === 0) throw scoring.nothingLeft();
      return { params: now, loss: sum / count, isConverged: false };
    },
    saved: () => stepper.toJSON(),
  };
}
