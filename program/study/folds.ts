import { type Executor, jit } from 'posetape';
import type { GroupScorer, Params } from 'posetape/combine';
import { predict } from 'posetape/fit';
import type { Pose } from '../../examples/vina/pairs.ts';
import type { FitScorer } from '../fit/scorers.ts';
import { rootMeanSquare, shiftedErrors } from '../fit/statistics.ts';
import type { StudyCompound } from './data.ts';
import type { StudyPooling } from './poolings.ts';
import { type Factors, type Prior, pooledOf, priors, refit, type Signs, shippedFactors } from './refit.ts';

/** A target that was left out of a fit, and what the fit came to. */
export interface Fold {
  readonly target: string;
  readonly compounds: readonly StudyCompound[];
  /** Chosen on the other targets alone. */
  readonly prior: Prior;
  /** Root mean square error that it was chosen by. */
  readonly innerError: number;
  readonly factors: Factors;
  /** ΔG of each compound: by the fitted weights, and by those shipped. */
  readonly predicted: readonly number[];
  readonly shipped: readonly number[];
}

/** Leaves out one target after the other; of those that remain, one after the other to choose the prior. */
export class Folds {
  readonly #compounds: readonly StudyCompound[];
  readonly #pooling: StudyPooling;
  readonly #scorer: FitScorer<Pose>;
  readonly #executor: Executor = jit();
  /** Predictions of targets by fits without two of them, by the names of the two. */
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

  /** The fold of a target; of compounds that are no part of the study, where they are given. */
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

  /** The prior with the least error over the targets but one, each left out of a fit to the rest. */
  async #choose(target: string): Promise<{ readonly prior: Prior; readonly innerError: number }> {
    const errors = new Map<Prior, number[]>(priors.map(prior => [prior, []]));
    for (const inner of this.targets) {
      if (inner === target) continue;
      const fits = await this.#without(target, inner);
      const held = this.#compounds.filter(each => each.target === inner);
      for (const [prior, factors] of fits) {
        const predicted = await pooledOf(held, this.#pooling, factors, this.#executor);
        const pairs = held.map(({ measured }, i) => ({ measured, predicted: predicted[i] as number }));
        errors.get(prior)?.push(...shiftedErrors(pairs));
      }
    }
    const scored = [...errors].map(([prior, found]) => ({ prior, innerError: rootMeanSquare(found) }));
    return scored.reduce((best, each) => (each.innerError < best.innerError ? each : best));
  }

  /** Fits by every prior without two targets, once for either order of the two. */
  #without(a: string, b: string): Promise<ReadonlyMap<Prior, Factors>> {
    const key = JSON.stringify([a, b].sort());
    const known =
      this.#inner.get(key) ?? this.#all(this.#compounds.filter(({ target }) => target !== a && target !== b));
    this.#inner.set(key, known);
    return known;
  }

  async #all(training: readonly StudyCompound[]): Promise<ReadonlyMap<Prior, Factors>> {
    const found = new Map<Prior, Factors>();
    for (const prior of priors) found.set(prior, await this.#fit(training, prior));
    return found;
  }

  async #fit(training: readonly StudyCompound[], prior: Prior): Promise<Factors> {
    const factors = await refit(training, this.#pooling, prior, this.#signs, this.#executor);
    this.#onFit();
    return factors;
  }

  /** ΔG by the scoring function itself. */
  async #predict(compounds: readonly StudyCompound[], factors: Factors): Promise<readonly number[]> {
    const { score, posesPerTape } = this.#scorer;
    const found = await predict<Pose, StudyCompound, Params>({
      compounds,
      params: factors,
      score: score as GroupScorer<Pose, Params>,
      posesPerTape,
      combination: this.#pooling.combination,
    });
    return Array.from(found);
  }
}
