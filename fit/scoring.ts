import {
  type BatchOptions,
  type CombineOptions,
  type Compound,
  combineBatch,
  combinePoses,
  type LossContext,
  type Params,
} from '../combine/index.ts';
import { DeviceLostError, type Value } from '../engine/index.ts';
import { isOfBadPose } from './bad-pose.ts';
import type { BadCompound } from './checkpoint.ts';
import type { Settings } from './fit-options.ts';
import { type Fitted, mapParams } from './params.ts';
import type { Split } from './split.ts';
import { turns } from './turns.ts';

/** The mean loss of some compounds, and its gradient. */
export interface MeanLoss<P extends Params> {
  readonly loss: number;
  readonly gradient: Fitted<P>;
  /** The number of compounds, without the bad ones. */
  readonly count: number;
}

/** Computes the training and validation losses of a fit. Records bad compounds and leaves them out. */
export class Scoring<Pose, C extends Compound<Pose>, P extends Params> {
  /** Number of the current epoch, for the records of bad compounds. */
  epoch = 0;
  readonly training: readonly C[];
  readonly #validation: readonly C[];
  readonly #settings: Settings<Pose, C, P>;
  readonly #bad: Map<string, BadCompound>;
  readonly #names: ReadonlyMap<C, string>;
  readonly #turn = turns();

  constructor(
    settings: Settings<Pose, C, P>,
    { training, validation }: Split<C>,
    bad: Map<string, BadCompound>,
  ) {
    this.#settings = settings;
    this.#bad = bad;
    this.training = training;
    this.#validation = validation;
    const separateSet = Array.isArray(settings.validation) ? validation : [];
    this.#names = namesOf([
      ...settings.compounds.map((compound, i) => [compound, `compound ${i}`] as const),
      ...separateSet.map((compound, i) => [compound, `validation compound ${i}`] as const),
    ]);
  }

  /**
   * Computes the mean loss of a batch of training compounds, and its gradient.
   *
   * @param which indices of the compounds in `training`
   * @param options `isTrial`: true at a point that a line search tries, where a bad pose makes no compound bad; `mayBeEmpty`: true
   * to return a count of 0 if no compound is left
   * @throws Error if no compound is left, unless `mayBeEmpty` is true; in a trial, a BadPoseError unchanged
   */
  async train(
    params: Fitted<P>,
    which: readonly number[],
    {
      isTrial = false,
      mayBeEmpty = false,
    }: { readonly isTrial?: boolean; readonly mayBeEmpty?: boolean } = {},
  ): Promise<MeanLoss<P>> {
    const compounds = which.map(i => this.training[i] as C);
    const mean = await this.#meanLoss(params, compounds, isTrial);
    if (mean) return mean;
    if (!mayBeEmpty) throw this.nothingLeft();
    // A caller must not read the gradient if the count is 0.
    return { loss: 0, gradient: params, count: 0 };
  }

  /** Computes the mean loss of the validation compounds. @throws Error if no compound is left */
  async validationLoss(params: Fitted<P>): Promise<number> {
    const { batchLoss, scoring, loss, signal } = this.#settings;
    if (batchLoss) {
      const mean = await this.#meanLoss(params, this.#validation, false);
      if (!mean) throw this.nothingLeft();
      return mean.loss;
    }
    let [sum, count] = [0, 0];
    for (const compound of this.#validation) {
      if (this.#isBad(compound)) continue;
      await this.#turn();
      signal?.throwIfAborted();
      try {
        const { loss: compoundLoss = 0 } = await combinePoses<Pose, P>({
          ...scoring,
          poses: compound.poses,
          params: params as unknown as P,
          ...(loss && { loss: (x: Value, context: LossContext<P>) => loss(compound)(x, context) }),
          gradient: false,
        } as unknown as CombineOptions<Pose, P>);
        sum += compoundLoss;
        count++;
      } catch (error) {
        this.#leaveOut(compound, error, this.#settings.badCompound);
      }
    }
    if (count === 0) throw this.nothingLeft();
    return sum / count;
  }

  /** Returns the error for a fit whose compounds are all bad. */
  nothingLeft(): Error {
    const last = [...this.#bad.values()].at(-1);
    return new Error(`fit: no compound is left; the last bad one was ${last?.name}: ${last?.reason}`);
  }

  /** Computes the mean loss of the candidates that are not bad. Returns undefined if all are bad. */
  async #meanLoss(
    params: Fitted<P>,
    candidates: readonly C[],
    isTrial: boolean,
  ): Promise<MeanLoss<P> | undefined> {
    const { scoring, loss } = this.#settings;
    for (;;) {
      const compounds = candidates.filter(compound => !this.#isBad(compound));
      if (compounds.length === 0) return undefined;
      await this.#turn();
      try {
        const result = await combineBatch<Pose, C, P>({
          ...scoring,
          compounds,
          params: params as unknown as P,
          ...(loss && { loss: (x, context) => loss(context.compound)(x, context) }),
        } as BatchOptions<Pose, C, P>);
        const count = compounds.length;
        const gradient = mapParams(result.gradient as Params, ({ data }) =>
          Float64Array.from(data, entry => entry / count),
        );
        return { loss: (result.loss ?? 0) / count, gradient: gradient as Fitted<P>, count };
      } catch (error) {
        const compound = compounds[indexOfFailed(error)];
        if (!compound || (isTrial && isOfBadPose(error))) throw error;
        this.#leaveOut(compound, error, isTrial ? 'throw' : this.#settings.badCompound);
      }
    }
  }

  #isBad(compound: C): boolean {
    return this.#bad.has(this.#names.get(compound) as string);
  }

  /**
   * Records a bad compound.
   *
   * @throws Error naming the compound, if `action` is `throw`; an abort, a lost device, and anything but an Error unchanged
   */
  #leaveOut(compound: C, error: unknown, action: 'throw' | 'skip'): void {
    const { signal } = this.#settings;
    if (signal?.aborted || error instanceof DeviceLostError || !(error instanceof Error)) throw error;
    // The cause is enough: the error of combineBatch adds only the compound's index in the batch.
    const cause = indexOfFailed(error) >= 0 ? (error.cause as Error) : error;
    const name = this.#names.get(compound) as string;
    if (action === 'throw') throw new Error(`fit: ${name}: ${cause.message}`, { cause });
    this.#bad.set(name, { name, reason: cause.message, epoch: this.epoch });
  }
}

/** Returns the index in the batch of the compound for which combineBatch failed; −1 for any other error. */
function indexOfFailed(error: unknown): number {
  if (!(error instanceof Error && error.cause instanceof Error)) return -1;
  return Number(/^combineBatch: compound (\d+): /.exec(error.message)?.[1] ?? -1);
}

/**
 * Returns the name of each compound: its property `name` or, without one, the default given with it.
 *
 * @throws TypeError for a compound without poses, or with poses that can be iterated only once; RangeError for equal names
 */
function namesOf<C extends Compound<unknown>>(compounds: readonly (readonly [C, string])[]): Map<C, string> {
  const names = new Map<C, string>();
  const taken = new Set<string>();
  for (const [compound, defaultName] of compounds) {
    const property = (compound as { readonly name?: unknown } | undefined)?.name;
    const name = typeof property === 'string' ? property : defaultName;
    const poses: unknown = compound?.poses;
    if (!(Symbol.iterator in Object(poses) || Symbol.asyncIterator in Object(poses)))
      throw new TypeError(`fit: ${name} must have poses, an iterable or an async iterable`);
    if ('next' in Object(poses))
      throw new TypeError(
        `fit: the poses of ${name} can be iterated only once, but each epoch reads them; give an array`,
      );
    if (taken.has(name)) throw new RangeError(`fit: there are two compounds named ${name}`);
    taken.add(name);
    names.set(compound, name);
  }
  return names;
}
