import { DeviceLostError } from '../engine/executor.ts';
import { checkOptions } from '../engine/options.ts';
import type { Value } from '../engine/tape.ts';
import { type Tensor, tensor } from '../engine/tensor.ts';
import { add } from '../ops/arithmetic/add.ts';
import { mul } from '../ops/arithmetic/mul.ts';
import { sub } from '../ops/arithmetic/sub.ts';
import { unlessAborted, untilAborted } from './aborting.ts';
import { addScaled } from './accumulator.ts';
import { batchLossOf } from './objective.ts';
import { checkParams, optionNames } from './options.ts';
import type { Params, Tensors } from './params.ts';
import { type CombineResult, type CombineStats, checkSummedGradient, combinePoses } from './poses.ts';
import { checkFunction } from './settings.ts';
import type { ByWorkers, CombineOptions, Grouped, LossContext, ParamsContext, ParamValues } from './task.ts';
import { unchanged } from './unchanged.ts';
import { checkPool, type Workers } from './workers.ts';

/** A compound: an object with poses, and with any further properties that the losses read. */
export interface Compound<Pose> {
  /** Poses, in any form that the scorer reads. */
  readonly poses: CombineOptions<Pose, Params>['poses'];
}

/** Second argument of `loss` in {@link combineBatch}. */
export interface CompoundContext<C, P extends Params> extends LossContext<P> {
  /** The compound, as passed in. */
  readonly compound: C;
  /** Index of the compound, in the order read. */
  readonly index: number;
}

/** Second argument of `batchLoss` in {@link combineBatch}. */
export interface BatchContext<C, P extends Params> extends ParamsContext<P> {
  /** All compounds in the order read, without their poses. */
  readonly compounds: readonly Omit<C, 'poses'>[];
}

/** Options of {@link combineBatch}: these and most options of `combinePoses`. */
export type BatchOptions<Pose, C extends Compound<Pose>, P extends Params> = Omit<
  CombineOptions<Pose, P>,
  'poses' | 'loss' | 'gradient' | 'keepPredictions' | 'onPose'
> & {
  /** The compounds. With a `batchLoss`, they and their poses are read twice. */
  readonly compounds: Iterable<C> | AsyncIterable<C>;
  /** Loss of one compound, of its readout if that option is given, else of its ΔG. It is summed over the compounds. */
  readonly loss?: (prediction: Value, context: CompoundContext<C, P>) => Value;
  /** Loss of the predictions of all compounds, shape [compounds]: their readouts if that option is given, else their ΔG. */
  readonly batchLoss?: (predictions: Value, context: BatchContext<C, P>) => Value;
};

type AnyBatchOptions<Pose, C extends Compound<Pose>, P extends Params> =
  | BatchOptions<Pose, C, P>
  | Grouped<BatchOptions<Pose, C, P>, Pose, P>
  | ByWorkers<BatchOptions<Pose, C, P>>;

/** Result of {@link combineBatch}. */
export interface BatchResult<P extends Params> {
  /** The sum of all losses: `loss`, `poseLoss` and `batchLoss`. Absent if none is given. */
  readonly loss?: number;
  /** Gradient of the loss, or of the sum of the predictions if there is no loss; fresh float64 tensors. */
  readonly gradient: CombineResult<P>['gradient'];
  /** For each compound, the readout if that option is given, else ΔG. */
  readonly values: Float64Array;
  /** Results of the compounds, in the order read. */
  readonly compounds: readonly {
    /** ΔG. */
    readonly value: number;
    /** Loss of the compound with its poseLosses, if either was given. */
    readonly loss?: number;
    /** Counts and sizes of the run of its poses. */
    readonly stats: CombineStats;
  }[];
  /** Sizes of the whole run. */
  readonly stats: {
    /** Peak bytes of tapes and states, including the gradient summed over compounds. */
    readonly peakBytes: number;
  };
}

const excluded: readonly string[] = ['poses', 'gradient', 'keepPredictions', 'onPose'];
const names = [...optionNames.filter(name => !excluded.includes(name)), 'compounds', 'batchLoss'];

/**
 * Computes the gradient of a loss over many compounds, for a training step: the sum of the gradients that `combinePoses` gives
 * for each compound. Compounds run one after the other, so memory is that of one compound and a sum of the size of θ. With
 * workers, given as `pool`, several compounds run at once.
 *
 *     L = Σ loss(ΔG_i) + batchLoss(ΔG_1, ΔG_2, …)        over the compounds i
 *
 * `loss` needs one pass. A `batchLoss`, such as a ranking, compares compounds and needs two passes over them: one for the
 * predictions, and one for the gradients, each multiplied by the slope of the loss. For a mean loss, divide by the number of
 * compounds.
 *
 * @throws the errors of `combinePoses`, naming the compound; RangeError if there are no compounds; TypeError if there is a
 * `batchLoss` and the compounds, or the poses of one, can be iterated only once
 * @example
 * const compounds = [{ poses: [[2.9, 3.4]], measured: -3 }, { poses: [[3.1, 3.0]], measured: -2 }];
 * const { loss, gradient } = await combineBatch({
 *   compounds,
 *   params,
 *   score,
 *   combination: boltzmann(),
 *   loss: (x, { compound }) => squaredError(compound.measured)(x),
 * });
 */
export async function combineBatch<Pose, C extends Compound<Pose>, const P extends Params>(
  options: Grouped<BatchOptions<Pose, C, P>, Pose, P>,
): Promise<BatchResult<P>>;
export async function combineBatch<Pose, C extends Compound<Pose>, const P extends Params>(
  options: ByWorkers<BatchOptions<Pose, C, P>>,
): Promise<BatchResult<P>>;
export async function combineBatch<Pose, C extends Compound<Pose>, const P extends Params>(
  options: BatchOptions<Pose, C, P>,
): Promise<BatchResult<P>>;
export async function combineBatch<Pose, C extends Compound<Pose>, const P extends Params>(
  options: AnyBatchOptions<Pose, C, P>,
): Promise<BatchResult<P>> {
  // A union type has only the keys that its members share, hence the cast.
  checkOptions('combineBatch', options, names as never);
  const { compounds, loss, batchLoss, ...scoring } = options;
  if (!(Symbol.iterator in Object(compounds) || Symbol.asyncIterator in Object(compounds)))
    throw new TypeError(
      `combineBatch: compounds must be an iterable or an async iterable, got ${typeof compounds}`,
    );
  for (const [name, option] of Object.entries({ loss, batchLoss }))
    checkFunction('combineBatch', name, option);
  checkParams(scoring.params);
  const checkUnchanged = unchanged(scoring.params, 'combineBatch');
  const firstPass = batchLoss && (await runFirstPass(options, batchLoss));

  const gradient: Record<string, Tensor<Float64Array>> = {};
  for (const [name, { data, shape }] of Object.entries(scoring.params)) {
    const value = { data: new Float64Array(data.length), shape };
    // The property is defined, not assigned, since its name may be `__proto__`.
    Object.defineProperty(gradient, name, { value, enumerable: true, configurable: true, writable: true });
  }
  const sumBytes = Object.values(gradient).reduce((total, { data }) => total + data.byteLength, 0);
  const addTo = (slopes: Tensors) => {
    for (const [name, { data }] of Object.entries(slopes)) addScaled(gradient[name]?.data, 1, data, 0);
  };
  if (firstPass) addTo(firstPass.direct);

  const values: number[] = [];
  const results: BatchResult<P>['compounds'][number][] = [];
  let [total, peak] = [firstPass?.loss ?? 0, firstPass?.peakBytes ?? 0];
  const hasLoss = loss !== undefined || (await hasPoseLoss(options));
  const optionsOf = (compound: C, index: number) => {
    if (firstPass && index >= firstPass.slopes.length)
      throw compoundsChangedError(firstPass.slopes.length, 'more');
    const slope = firstPass?.slopes[index];
    const compoundLoss = (x: Value, context: LossContext<P>): Value => {
      const ownLoss = loss?.(x, compoundContext(context, compound, index));
      if (slope === undefined) return ownLoss ?? x;
      // The value of the first pass is subtracted, so that this term adds a slope but no loss.
      const linear = mul(slope, sub(x, firstPass?.values[index] as number));
      return ownLoss ? add(ownLoss, linear) : linear;
    };
    return { ...scoring, poses: compound.poses, ...((loss || firstPass) && { loss: compoundLoss }) };
  };
  for await (const { result } of combined<Pose, C, P>(options, optionsOf)) {
    checkUnchanged();
    addTo(result.gradient);
    const value = result.readout ?? result.value;
    values.push(value);
    total += result.loss ?? 0;
    results.push({
      value: result.value,
      ...(hasLoss && result.loss !== undefined && { loss: result.loss }),
      stats: result.stats,
    });
    peak = Math.max(peak, result.stats.peakBytes + sumBytes);
  }
  if (values.length === 0) throw new RangeError('combineBatch: there are no compounds');
  if (firstPass && values.length < firstPass.slopes.length)
    throw compoundsChangedError(firstPass.slopes.length, `only ${values.length}`);
  checkSummedGradient(gradient);
  return {
    ...((hasLoss || batchLoss) && { loss: total }),
    gradient: gradient as BatchResult<P>['gradient'],
    values: Float64Array.from(values),
    compounds: results,
    stats: { peakBytes: peak },
  };
}

/** Adds the compound to the context of a loss. `predictions` stays a getter, called only if the loss reads it. */
function compoundContext<C, P extends Params>(
  context: LossContext<P>,
  compound: C,
  index: number,
): CompoundContext<C, P> {
  return {
    params: context.params,
    get predictions() {
      return context.predictions;
    },
    compound,
    index,
  };
}

/** Runs the first pass with a `batchLoss`: predicts all compounds, and computes the slope of the loss in each prediction. */
async function runFirstPass<Pose, C extends Compound<Pose>, P extends Params>(
  // This pass only predicts, so the losses and the readout of single poses are left out.
  {
    compounds,
    loss: _,
    batchLoss: __,
    poseLoss: ___,
    poseReadout: ____,
    ...scoring
  }: AnyBatchOptions<Pose, C, P>,
  batchLoss: NonNullable<BatchOptions<Pose, C, P>['batchLoss']>,
): Promise<
  ReturnType<typeof batchLossOf> & { readonly values: readonly number[]; readonly peakBytes: number }
> {
  if ('next' in compounds)
    throw new TypeError(
      'combineBatch: a batchLoss reads the compounds twice, but these can be iterated only once; give an array',
    );
  const values: number[] = [];
  const compoundsRead: Omit<C, 'poses'>[] = [];
  let peakBytes = 0;
  const optionsOf = ({ poses, ...rest }: C, index: number) => {
    if ('next' in Object(poses))
      throw new TypeError(
        `combineBatch: a batchLoss reads poses twice, but those of compound ${index} can be iterated only once`,
      );
    compoundsRead.push(rest);
    return { ...scoring, poses, gradient: false };
  };
  for await (const { result } of combined<Pose, C, P>({ compounds, ...scoring }, optionsOf)) {
    const { value, readout, stats } = result;
    values.push(readout ?? value);
    peakBytes = Math.max(peakBytes, stats.peakBytes);
  }
  if (values.length === 0) throw new RangeError('combineBatch: there are no compounds');
  const closed = batchLossOf(scoring.params, tensor(values), (predictions, params) =>
    batchLoss(predictions, { compounds: compoundsRead, params: params as ParamValues<P> }),
  );
  return { ...closed, values, peakBytes };
}

/**
 * Yields the compounds with their results, in the order read. Workers run several compounds at once.
 *
 * @throws the errors of `optionsOf` and `combinePoses`, naming the compound
 */
async function* combined<Pose, C extends Compound<Pose>, P extends Params>(
  {
    compounds,
    params,
    signal,
    pool,
  }: Pick<AnyBatchOptions<Pose, C, P>, 'compounds' | 'params' | 'signal' | 'pool'>,
  optionsOf: (compound: C, index: number) => object,
): AsyncGenerator<{ readonly item: C; readonly index: number; readonly result: CombineResult<P> }> {
  const run = (item: C, index: number, more: object = {}) => {
    const all = { ...optionsOf(item, index), ...more };
    return namingCompound(index, signal, () => combinePoses<Pose, P>(all as CombineOptions<Pose, P>));
  };
  if (pool === undefined) {
    for await (const { item, index } of untilAborted(compounds, signal))
      yield { item, index, result: await run(item, index) };
    return;
  }
  const { compoundsByWorkers } = await import('./by-workers.ts');
  const shared = { pool, params, ...(signal && { signal }) };
  yield* compoundsByWorkers(compounds, shared, async (item, index, workers, stopped) =>
    run(item, index, { pool: workers, signal: stopped }),
  );
}

async function hasPoseLoss({
  poseLoss,
  signal,
  pool,
}: {
  readonly poseLoss?: unknown;
  readonly signal?: AbortSignal | undefined;
  readonly pool?: Workers | undefined;
}): Promise<boolean> {
  if (pool === undefined) return poseLoss !== undefined;
  checkPool(pool);
  return (await unlessAborted(signal, pool.moduleInfo())).exports.includes('poseLoss');
}

/** Names the compound in errors of `run`, with the original error as the cause. Aborts and lost devices pass unchanged. */
async function namingCompound<T>(
  index: number,
  signal: AbortSignal | undefined,
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (signal?.aborted || cause instanceof DeviceLostError || !(cause instanceof Error)) throw cause;
    throw new Error(`combineBatch: compound ${index}: ${cause.message}`, { cause });
  }
}

function compoundsChangedError(first: number, second: string): Error {
  return new Error(
    `combineBatch: read ${first} compounds in its first pass and ${second} in its second; they must be the same each time`,
  );
}
