import { type Tensor, tensor, type Value } from 'posetape';
import type { LossContext, Params } from 'posetape/combine';
import {
  type Checkpoint,
  type Epoch,
  type FitResult,
  type Fitted,
  fit,
  predict,
  writeSafetensors,
} from 'posetape/fit';
import { add, mul, square, sub } from 'posetape/ops';
import { meantBy } from '../command/misspelt.ts';
import { readoutOf } from '../command/poolings.ts';
import type { Context } from '../command/subcommand.ts';
import { modelToSafetensors } from '../weights/safetensors.ts';
import type { SkippedCompound } from './compounds.ts';
import { bindingEnergy, type FitCompound, type Part } from './dataset.ts';
import {
  batchLossOf,
  combinationOf,
  fittedPooling,
  lossOf,
  measuredOf,
  poolingParams,
  readoutFor,
} from './objective.ts';
import { isFrozen, optimiserOf } from './optimiser.ts';
import type { FitOptions } from './options.ts';
import type { FittedNumber } from './result.ts';
import type { Saver } from './saver.ts';
import type { FitScorer } from './scorers.ts';
import { average } from './statistics.ts';

/** Measured and predicted ΔG of a compound, in kcal/mol. */
export interface Predicted {
  readonly compound: FitCompound;
  readonly part: Part;
  readonly measured: number;
  readonly bound?: 'lower' | 'upper';
  readonly predicted: number;
}

/** Parameters by name. */
type Numbers = Readonly<Record<string, Tensor<Float64Array>>>;

/** Compounds, and a scorer whose parameters are fitted to them. */
export class Problem {
  readonly all: readonly FitCompound[];
  readonly scorer: FitScorer;
  readonly #parts: ReadonlyMap<string, Part>;
  readonly #options: FitOptions;
  readonly #context: Context;
  #initial: Numbers;

  constructor(
    compounds: readonly FitCompound[],
    parts: ReadonlyMap<string, Part>,
    scorer: FitScorer,
    options: FitOptions,
    context: Context,
  ) {
    this.all = compounds;
    this.scorer = scorer;
    this.#parts = parts;
    this.#options = options;
    this.#context = context;
    const offset = scorer.offset ?? (options.learn.includes('offset') ? tensor(0) : undefined);
    this.#initial = {
      ...scorer.params,
      ...(offset && { offset: tensor(offset.data[0] as number) }),
      ...Object.fromEntries(poolingParams(options).map(([name, log]) => [name, tensor(log)])),
    };
    this.#checkFrozen();
  }

  /**
   * Sets the initial offset, if an offset is fitted and the loaded weights have none: the mean of measured − predicted ΔG over
   * the fitted compounds with exact affinities.
   */
  async begin(): Promise<void> {
    const { learn } = this.#options;
    if (!learn.includes('offset') || this.scorer.offset) return;
    const { predictions } = await this.predictAll(this.#initial);
    const exact = predictions.filter(({ part, bound }) => part === 'fitted' && !bound);
    if (exact.length === 0) return;
    const error = average(exact.map(({ measured, predicted }) => measured - predicted));
    this.#initial = { ...this.#initial, offset: tensor(error) };
  }

  partOf(name: string): Part {
    return this.#parts.get(name) as Part;
  }

  /** Number of parameters that are fitted. */
  get freeCount(): number {
    const frozen = this.#frozen();
    return Object.entries(this.#initial).reduce(
      (total, [name, { data }]) => (isFrozen(name, frozen) ? total : total + data.length),
      0,
    );
  }

  /** Returns the compounds of a part. */
  inPart(part: Part): FitCompound[] {
    return this.all.filter(({ name }) => this.partOf(name) === part);
  }

  /** Returns the initial parameters as bytes, for a hash. */
  initialBytes(): Uint8Array {
    return writeSafetensors(this.#initial);
  }

  /** Returns the content of a model file with given parameters. */
  readonly bytesOf = (params: Fitted<Params>): Uint8Array<ArrayBuffer> => {
    const { offset } = params;
    const { name, settings } = this.scorer;
    return modelToSafetensors({
      scorer: name,
      weights: this.scorer.weightsOf(params),
      ...(settings && { settings }),
      ...(offset && { offset }),
      pooling: fittedPooling(this.#options, params),
    });
  };

  /** Fits the parameters. If this fails, the saver writes the last state of the fit, and the error is thrown again. */
  async fit(saver: Saver, onEpoch: (epoch: Epoch<Params>) => Promise<void>): Promise<FitResult<Params>> {
    const options = this.#options;
    const { epochs, seed, patience, optimiser, strict } = options;
    if (epochs === 0) {
      return { params: this.#initial, best: 0, epochs: [], stopped: 'epochs', badCompounds: [] };
    }
    const compounds = this.all.filter(({ name }) => this.partOf(name) !== 'left out');
    const isValidation = ({ name }: FitCompound) => this.partOf(name) === 'validation';
    const tracked = this.#withProgress(compounds, saver.epochs);
    const batchLoss = batchLossOf(options);
    const readout = readoutFor(options);
    let checkpoint: Checkpoint | undefined;
    try {
      return await fit<unknown, FitCompound, Params>({
        compounds: tracked.compounds,
        ...this.#scoring(),
        loss: compound => this.#lossOf(compound, isValidation(compound)),
        ...(batchLoss && { batchLoss }),
        ...(readout && { readout }),
        optimiser: optimiserOf({ ...options, freeze: this.#frozen() }),
        ...{ epochs, seed },
        ...(optimiser !== 'lbfgs' && { batch: options.batch ?? 1 }),
        ...(compounds.some(isValidation) && { validation: isValidation }),
        ...(patience !== undefined && { patience }),
        badCompound: strict ? 'throw' : 'skip',
        resume: saver.resumed,
        onCheckpoint: state => {
          checkpoint = state;
        },
        onEpoch: async epoch => {
          tracked.next(epoch.epoch);
          await saver.keep(epoch, checkpoint as Checkpoint);
          await onEpoch(epoch);
        },
      });
    } catch (error) {
      this.#context.progress.stop();
      await saver.rescue();
      throw error;
    } finally {
      this.#context.progress.stop();
    }
  }

  /**
   * Predicts ΔG of every compound. Compounds that cannot be scored are returned in `failed`.
   *
   * @throws Error for a compound that cannot be scored if the options say `strict`, or if no compound can be scored
   */
  async predictAll(
    params: Numbers,
  ): Promise<{ readonly predictions: Predicted[]; readonly failed: SkippedCompound[] }> {
    const { strict } = this.#options;
    const readout = readoutOf(this.#options);
    const predictions: Predicted[] = [];
    const failed: SkippedCompound[] = [];
    for (const [i, compound] of this.all.entries()) {
      this.#context.progress.show('predicting', i + 1, this.all.length);
      await this.#context.breathe();
      this.#context.signal.throwIfAborted();
      try {
        const [predicted] = await predict<unknown, FitCompound, Params>({
          ...this.#scoring(),
          compounds: [compound],
          params,
          ...(readout && { readout }),
        });
        const { bound } = measuredOf(compound, 'dG');
        predictions.push({
          ...{ compound, part: this.partOf(compound.name), measured: bindingEnergy(compound.pKi) },
          ...(bound && { bound }),
          predicted: predicted as number,
        });
      } catch (error) {
        if (strict || this.#context.signal.aborted) throw error;
        failed.push({ name: compound.name, reason: (error as Error).message });
      }
    }
    this.#context.progress.stop();
    if (predictions.length === 0)
      throw new Error(`no compound can be scored; the first: ${failed[0]?.reason}`);
    return { predictions, failed };
  }

  /** Returns the initial and fitted value of each weight and setting; for a tensor of several numbers, its norm. */
  numbersOf(fitted: Numbers): FittedNumber[] {
    const { learn } = this.#options;
    const [before, after] = [this.#initial, fitted].map(params => {
      const { kT, t } = fittedPooling(this.#options, params);
      return {
        ...this.scorer.weightsOf(params),
        ...(params.offset && { offset: params.offset }),
        ...(learn.includes('kT') && { kT: tensor(kT) }),
        ...(learn.includes('t') && { t: tensor(t) }),
      };
    }) as [Numbers, Numbers];
    return Object.entries(before).map(([name, { data }]) => {
      const isNorm = data.length > 1;
      const numberOf = (numbers: ArrayLike<number>) => (isNorm ? normOf(numbers) : (numbers[0] as number));
      return { name, before: numberOf(data), after: numberOf(after[name]?.data ?? []), isNorm };
    });
  }

  #scoring() {
    const { score, posesPerTape } = this.scorer;
    return {
      params: this.#initial as Params,
      ...{ score, posesPerTape },
      combination: combinationOf(this.#options),
      signal: this.#context.signal,
    };
  }

  #lossOf(
    compound: FitCompound,
    isValidation: boolean,
  ): (prediction: Value, context: LossContext<Params>) => Value {
    const { stay } = this.#options;
    const compoundLoss = lossOf(this.#options, compound);
    const names = Object.keys(this.scorer.params);
    return (prediction, { params }) => {
      // A loss of the whole batch has no terms of single compounds. Each compound adds a 0 on the tape of its prediction.
      const loss = compoundLoss ? compoundLoss(prediction) : mul(0, prediction);
      if (isValidation || stay === 0) return loss;
      const costs = names.map(name =>
        square(sub(params[name] as Value, this.#initial[name]?.data[0] as number)),
      );
      return add(
        loss,
        mul(
          stay,
          costs.reduce((total, cost) => add(total, cost)),
        ),
      );
    };
  }

  /** Returns the parameters that are not fitted: those that the user names, and the offset, unless the user chose to fit it. */
  #frozen(): readonly string[] {
    const { freeze, learn } = this.#options;
    return learn.includes('offset') ? freeze : [...freeze, 'offset'];
  }

  /** @throws Error for a name to freeze that is neither a parameter nor the prefix of one */
  #checkFrozen(): void {
    const names = Object.keys(this.scorer.params);
    const unknown = this.#options.freeze.find(each => !names.some(name => isFrozen(name, [each])));
    if (unknown === undefined) return;
    const prefixes = names.flatMap(name =>
      [...name.matchAll(/\./g)].map(({ index }) => name.slice(0, index)),
    );
    const similar = meantBy(unknown, [...new Set([...prefixes, ...names])]);
    const advice = similar === undefined ? `weights are ${names.join(', ')}` : `did you mean ${similar}?`;
    throw new Error(`--freeze ${unknown}: no such weight; ${advice}`);
  }

  /** Returns the compounds with poses that report progress when they are read. Call `next` after each epoch. */
  #withProgress(compounds: readonly FitCompound[], epochsDone: number) {
    const { progress } = this.#context;
    let [epoch, count] = [epochsDone + 1, 0];
    const wrapped = compounds.map(compound => ({
      ...compound,
      poses: {
        *[Symbol.iterator]() {
          progress.show(`epoch ${epoch}`, (count++ % compounds.length) + 1, compounds.length);
          yield* compound.poses;
        },
      },
    }));
    return {
      compounds: wrapped,
      next(done: number) {
        [epoch, count] = [done + 1, 0];
      },
    };
  }
}

/** Returns the norm. Math.hypot would have too many arguments for large layers. */
function normOf(numbers: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < numbers.length; i++) squares += (numbers[i] as number) ** 2;
  return Math.sqrt(squares);
}
