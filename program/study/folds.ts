import { type Executor, jit } from 'posetape';
import type { GroupScorer, Params } from 'posetape/combine';
import { predict } from 'posetape/fit';
import type { Pose } from '../../examples/vina/pairs.ts';
import type { FitScorer } from '../fit/scorers.ts';
import { rootMeanSquare, shiftedErrors } from '../fit/statistics.ts';
import type { StudyCompound } from './data.ts';
import type { StudyPooling } from './poolings.ts';
import { type Factors, type Prior, pooledOf, priors, refit, type Signs, shippedFactors } from './refit.ts';

/** Result of a fit that leaves out one target. */
export interface Fold {
  /** Target left out. */
  readonly target: string;
  /** Compounds that are predicted: those of the target left out. */
  readonly compounds: readonly StudyCompound[];
  /** Prior with the smallest error on the other targets. */
  readonly prior: Prior;
  /** Root mean square error of the prior on the other targets. */
  readonly innerError: number;
  /** Fitted weights, relative to the shipped ones. */
  readonly factors: Factors;
  /** ΔG of each compound by the fitted weights. */
  readonly predicted: readonly number[];
  /** ΔG of each compound by the shipped weights. */
  readonly shipped: readonly number[];
}

/** Nested cross-validation. Each target is left out in turn. To choose its prior, each other target is left out, too, in turn. */
export class Folds {
  readonly #compounds: readonly StudyCompound[];
  readonly #pooling: StudyPooling;
  readonly #scorer: FitScorer<Pose>;
  readonly #executor: Executor = jit();
  /** Results of fits that leave out two targets, by the names of these two. */
  readonly #inner = new Map<string, Promise<ReadonlyMap<Prior, Factors>>>();
  readonly #signs: Signs;
  readonly #onFit: () => void;

  constructor(
    compounds: readonly StudyCompound[],
    pooling: StudyPooling,
    scorer: FitScorer,
    signs: Signs,
    onFit: () => void,
  ) {
    this.#compounds = compounds;
    this.#pooling = pooling;
    this.#scorer = scorer as FitScorer<Pose>;
    this.#signs = signs;
    this.#onFit = onFit;
  }

  get targets(): string[] {
    return [...new Set(this.#compounds.map(({ target }) => target))];
  }

  /**
   * Fits without a target, and predicts its compounds.
   *
   * @param target name of the target; '' to leave none out
   * @param others compounds to predict in place of those of the target
   */
  async fold(target: string, others?: readonly StudyCompound[]): Promise<Fold> {
    const { prior, innerError } = await this.#choose(target);
    const training = this.#compounds.filter(each => each.target !== target);
    const factors = await this.#fit(training, prior);
    const compounds = others ?? this.#compounds.filter(each => each.target === target);
    return {
      ...{ target, compounds, prior, innerError, factors },
      predicted: await this.#predict(compounds, factors),
      shipped: await this.#predict(compounds, shippedFactors()),
    };
  }

  /** Chooses the prior with the smallest error on the other targets, each predicted by a fit without it and `target`. */
  async #choose(target: string): Promise<{ readonly prior: Prior; readonly innerError: number }> {
    const errors = new Map<Prior, number[]>(priors.map(prior => [prior, []]));
    for (const inner of this.targets) {
      if (inner === target) continue;
      const fits = await this.#without(target, inner);
      const heldOut = this.#compounds.filter(each => each.target === inner);
      for (const [prior, factors] of fits) {
        const predicted = await pooledOf(heldOut, this.#pooling, factors, this.#executor);
        const pairs = heldOut.map(({ measured }, i) => ({ measured, predicted: predicted[i] as number }));
        errors.get(prior)?.push(...shiftedErrors(pairs));
      }
    }
    const scored = [...errors].map(([prior, list]) => ({ prior, innerError: rootMeanSquare(list) }));
    return scored.reduce((best, each) => (each.innerError < best.innerError ? each : best));
  }

  /** Fits with every prior to the compounds of all but two targets. Results are cached, whatever the order of the two. */
  #without(a: string, b: string): Promise<ReadonlyMap<Prior, Factors>> {
    const key = JSON.stringify([a, b].sort());
    const fits =
      this.#inner.get(key) ??
      this.#withAllPriors(this.#compounds.filter(({ target }) => target !== a && target !== b));
    this.#inner.set(key, fits);
    return fits;
  }

  async #withAllPriors(training: readonly StudyCompound[]): Promise<ReadonlyMap<Prior, Factors>> {
    const fits = new Map<Prior, Factors>();
    for (const prior of priors) fits.set(prior, await this.#fit(training, prior));
    return fits;
  }

  async #fit(training: readonly StudyCompound[], prior: Prior): Promise<Factors> {
    const factors = await refit(training, this.#pooling, prior, this.#signs, this.#executor);
    this.#onFit();
    return factors;
  }

  /** Predicts ΔG with the whole scoring function, rather than the sums of its terms that a fit uses. */
  async #predict(compounds: readonly StudyCompound[], factors: Factors): Promise<readonly number[]> {
    const { score, posesPerTape } = this.#scorer;
    const predictions = await predict<Pose, StudyCompound, Params>({
      compounds,
      params: factors,
      score: score as GroupScorer<Pose, Params>,
      posesPerTape,
      combination: this.#pooling.combination,
    });
    return Array.from(predictions);
  }
}
