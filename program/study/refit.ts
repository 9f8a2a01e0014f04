import { type Executor, jit, Tape, type Tensor, tensor, type Value } from 'posetape';
import { minimise, recorded } from 'posetape/fit';
import { add, div, exp, gather, mul, segmentSum, square, sub, sum } from 'posetape/ops';
import { vinaWeights } from '../../examples/vina/score.ts';
import { type StudyCompound, termNames } from './data.ts';
import { firstKT, kTName, type StudyPooling } from './poolings.ts';

/** Vina's six weights relative to the shipped ones, and log kT. */
export type Factors = Readonly<Record<string, Tensor<Float64Array>>>;

/**
 * Weights to which a prior draws a fit: the shipped ones, any multiple of these, or 0. With weights of 0, all compounds of
 * a target get the same prediction.
 */
export const anchors = ['shipped', 'multiple of shipped', 'mean'] as const;

export type Anchor = (typeof anchors)[number];

/** Penalty on the distance of the weights from an anchor. The weight of the rotors is drawn to the shipped one by any anchor. */
export interface Prior {
  readonly anchor: Anchor;
  readonly strength: number;
}

/** Signs of the fitted weights: those of the shipped ones ('kept'), or any ('free'). To keep signs, square roots are fitted. */
export type Signs = 'kept' | 'free';

/** Strengths of the priors that are tried. */
export const strengths = [0.03, 0.1, 0.3, 1, 3, 10, 30] as const;

/** All combinations of anchor and strength. */
export const priors: readonly Prior[] = anchors.flatMap(anchor =>
  strengths.map(strength => ({ anchor, strength })),
);

/** Weights of AutoDock Vina. */
const shipped = vinaWeights();

/** Names of the six weights. */
const names = [...termNames, 'rotors'] as const;

/** Returns the factors of the shipped weights, and log kT at 298 K. */
export function shippedFactors(): Factors {
  const ones = names.map(name => [name, tensor(1)]);
  return Object.fromEntries([...ones, [kTName, tensor(Math.log(firstKT))]]);
}

/**
 * Fits the weights to compounds. The loss is the mean squared error after the best shift of each target, plus the prior. Scores
 * are computed from the sums of the terms. They equal those of the scoring function, except for clashing atoms.
 */
export async function refit(
  compounds: readonly StudyCompound[],
  pooling: StudyPooling,
  prior: Prior,
  signs: Signs,
  executor: Executor = jit(),
): Promise<Factors> {
  const targets = [...new Set(compounds.map(({ target }) => target))];
  const targetOf = Int32Array.from(compounds, ({ target }) => targets.indexOf(target));
  const sizes = Float64Array.from(targets, target => compounds.filter(each => each.target === target).length);
  const table = tableOf(compounds);
  const measured = Float64Array.from(compounds, each => each.measured);
  const objective = recorded<Factors>(
    (tape, params) => {
      const values = signs === 'kept' ? factorsFromRoots(params) : params;
      const predicted = recordPooled(tape, values, table, pooling);
      const errors = sub(predicted, tape.constant(measured));
      const shifts = div(segmentSum(errors, targetOf, targets.length), tape.constant(sizes));
      const residuals = sub(errors, gather(shifts, targetOf));
      const loss = mul(1 / compounds.length, sum(square(residuals)));
      return add(loss, costOf(prior, values));
    },
    { executor },
  );
  const { params } = await minimise(objective, shippedFactors(), {
    ...{ iterations: 100, valueTolerance: 1e-7, gradientTolerance: 1e-4 },
  });
  if (signs === 'free') return params;
  const factors = names.map(name => [name, tensor((params[name]?.data[0] as number) ** 2)]);
  return { ...params, ...Object.fromEntries(factors) };
}

/** Records the factors of the weights from their square roots, which are the parameters of the fit. */
function factorsFromRoots(roots: Readonly<Record<string, Value>>): Record<string, Value> {
  return { ...roots, ...Object.fromEntries(names.map(name => [name, square(roots[name] as Value)])) };
}

/** Computes ΔG of compounds from the sums of their terms. */
export async function pooledOf(
  compounds: readonly StudyCompound[],
  pooling: StudyPooling,
  factors: Factors,
  executor: Executor,
): Promise<number[]> {
  const tape = new Tape();
  const values = Object.entries(factors).map(([name, each]) => [name, tape.constant(each)]);
  const pooled = recordPooled(tape, Object.fromEntries(values), tableOf(compounds), pooling);
  const [energies] = await executor.run([pooled]);
  return Array.from(energies?.data ?? []);
}

/** Terms of the poses of many compounds, column by column. */
interface Table {
  /** Values of each term, by pose. */
  readonly columns: readonly Float64Array[];
  /** Number of rotors, N_rot, of each pose. */
  readonly rotors: Float64Array;
  /** Compound of each pose. */
  readonly compoundOf: Int32Array;
  /** Number of compounds. */
  readonly count: number;
}

/** Collects the terms of the poses of compounds. */
function tableOf(compounds: readonly StudyCompound[]): Table {
  return {
    columns: termNames.map((_, k) =>
      Float64Array.from(compounds.flatMap(({ terms }) => terms.map(row => row[k] as number))),
    ),
    rotors: Float64Array.from(compounds.flatMap(each => Array(each.poseCount).fill(each.rotors))),
    compoundOf: Int32Array.from(compounds.flatMap(({ poseCount }, i) => Array(poseCount).fill(i))),
    count: compounds.length,
  };
}

/** Records ΔG of each compound from the terms of its poses. */
function recordPooled(
  tape: Tape,
  values: Readonly<Record<string, Value>>,
  { columns, rotors, compoundOf, count }: Table,
  pooling: StudyPooling,
): Value {
  const weight = (name: (typeof names)[number]) => mul(shippedWeight(name), values[name] as Value);
  const energies = columns.map((column, k) =>
    mul(weight(termNames[k] as (typeof termNames)[number]), tape.constant(column)),
  );
  const energy = energies.reduce((total, each) => add(total, each));
  const scores = div(energy, add(1, mul(weight('rotors'), tape.constant(rotors))));
  return pooling.ofMany(scores, compoundOf, count, exp(values[kTName] as Value));
}

/** Records the cost of a prior, its squared distance times its strength, and a weak penalty on a kT other than that at 298 K. */
function costOf({ anchor, strength }: Prior, values: Readonly<Record<string, Value>>): Value {
  const terms = termNames.map(name => values[name] as Value);
  const multiple = mul(
    1 / terms.length,
    terms.reduce((total, each) => add(total, each)),
  );
  const center = { shipped: 1, 'multiple of shipped': multiple, mean: 0 }[anchor];
  const distances = terms.map(term => square(sub(term, center)));
  const rotors = square(sub(values.rotors as Value, 1));
  const cost = distances.reduce((total, each) => add(total, each), rotors);
  const kT = square(sub(values[kTName] as Value, Math.log(firstKT)));
  return add(mul(strength, cost), mul(0.1, kT));
}

/** Returns a weight of AutoDock Vina. */
function shippedWeight(name: (typeof names)[number]): number {
  return shipped[name].data[0] as number;
}
