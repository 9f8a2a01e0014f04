import type { Value } from 'posetape';
import {
  absoluteError,
  type BatchContext,
  type Combination,
  censored,
  gaussianNLL,
  huber,
  type Loss,
  type Params,
  pairwiseRanking,
  pKi,
  squaredError,
} from 'posetape/combine';
import { add, exp, gather, mul, square, sub, sum } from 'posetape/ops';
import { type GivenPooling, poolings, readoutOf } from '../command/poolings.ts';
import { bindingEnergy, type FitCompound, roomKT } from './dataset.ts';

/**
 * Names of losses. `within-target` is the squared error after the best constant shift of each target. `ranking` compares the
 * order of the compounds of a target. Both act on all compounds of a batch together.
 */
export const lossNames = ['squared', 'absolute', 'huber', 'gaussian', 'within-target', 'ranking'] as const;

export type LossName = (typeof lossNames)[number];

/** Settings of an objective. */
export interface ObjectiveSettings extends GivenPooling {
  readonly loss: LossName;
  /** Error beyond which the huber loss is linear. */
  readonly huber: number;
  /** Quantity compared with experiment. */
  readonly readout: 'dG' | 'pKi';
  /** Numbers fitted along with the weights. */
  readonly learn: readonly string[];
}

/** Parameter for each setting of the pooling that can be fitted: the logarithm of the setting, which thus stays positive. */
const logParameter = { kT: 'pool.log kT', t: 'pool.log t' } as const;

/** Returns the names and initial values of the parameters for fitted settings of the pooling. */
export function poolingParams({ learn, ...given }: ObjectiveSettings): [name: string, log: number][] {
  const names = (['kT', 't'] as const).filter(name => learn.includes(name));
  return names.map(name => [logParameter[name], Math.log(given[name])]);
}

/** Returns a pooling in which the settings that were fitted have their fitted values. */
export function fittedPooling(
  { combination, kT, t, q }: GivenPooling,
  params: Readonly<Record<string, { readonly data: ArrayLike<number> }>>,
): GivenPooling {
  const numberOf = (name: keyof typeof logParameter, given: number): number => {
    const log = params[logParameter[name]]?.data[0];
    return log === undefined ? given : Math.exp(log);
  };
  return { combination, kT: numberOf('kT', kT), t: numberOf('t', t), q };
}

/** Makes the combination. A setting that is to be fitted is passed as a function of the parameters. */
export function combinationOf({ combination, kT, t, q, learn }: ObjectiveSettings): Combination {
  const settingOf = (name: keyof typeof logParameter, given: number) =>
    learn.includes(name)
      ? (params: Readonly<Record<string, Value>>) => exp(params[logParameter[name]] as Value)
      : given;
  return poolings[combination].make({ kT: settingOf('kT', kT), t: settingOf('t', t), q });
}

/** Returns the function that converts the combination's output to ΔG or pKi; undefined if the loss takes that output itself. */
export function readoutFor(settings: ObjectiveSettings): ((prediction: Value) => Value) | undefined {
  if (settings.loss === 'gaussian') return undefined;
  const energy = readoutOf(settings);
  if (settings.readout === 'dG') return energy;
  const affinity = pKi({ kT: roomKT });
  return prediction => affinity(energy ? energy(prediction) : prediction);
}

/** Returns the measured affinity of a compound and its bound, in the unit of the readout. */
export function measuredOf(
  { pKi: measured, bound }: Pick<FitCompound, 'pKi' | 'bound'>,
  readout: ObjectiveSettings['readout'],
): { readonly measured: number; readonly bound: FitCompound['bound'] } {
  if (readout === 'pKi') return { measured, bound };
  // A greater pKi means a lower ΔG.
  const opposite = bound && (bound === 'lower' ? 'upper' : 'lower');
  return { measured: bindingEnergy(measured), bound: opposite };
}

/**
 * Returns the loss of one compound; undefined for losses of a whole batch.
 *
 * @throws Error naming the compound if its affinity is a bound, and the loss accepts only exact affinities
 */
export function lossOf(
  { loss, huber: delta, readout }: ObjectiveSettings,
  compound: FitCompound,
): Loss | undefined {
  const { measured, bound } = measuredOf(compound, readout);
  const byName: Partial<Record<LossName, (target: number) => Loss>> = {
    squared: squaredError,
    absolute: absoluteError,
    huber: target => huber(target, { delta }),
    gaussian: target => gaussianNLL(target),
  };
  const make = byName[loss];
  if (!make || !bound) return make?.(measured);
  if (loss === 'gaussian')
    throw new Error(`${compound.name}: --loss gaussian needs exact affinities, found a bound`);
  return censored({ measured, bound, loss: make });
}

/** Returns the loss of a batch of compounds; undefined for losses of single compounds. Compounds with bounds are ignored. */
export function batchLossOf<P extends Params>({
  loss,
  readout,
}: Pick<ObjectiveSettings, 'loss' | 'readout'>):
  | ((predictions: Value, context: BatchContext<FitCompound, P>) => Value)
  | undefined {
  if (loss !== 'within-target' && loss !== 'ranking') return undefined;
  return (predictions, { compounds }) => {
    const groups = new Map<string, number[]>();
    for (const [i, { target, bound }] of compounds.entries()) {
      if (bound) continue;
      groups.set(target, [...(groups.get(target) ?? []), i]);
    }
    const terms = [...groups.values()].map(indices => {
      const measured = indices.map(i => measuredOf(compounds[i] as FitCompound, readout).measured);
      return targetLoss(loss, gather(predictions, Int32Array.from(indices)), measured);
    });
    // Begin with a zero that depends on the predictions, because the loss must depend on them even if there are no terms.
    return terms.reduce((total, term) => add(total, term), mul(0, sum(predictions)));
  };
}

/** Records the loss of the compounds of one target. */
function targetLoss(
  loss: 'within-target' | 'ranking',
  predictions: Value,
  measured: readonly number[],
): Value {
  if (loss === 'within-target') {
    const errors = sub(predictions, predictions.tape.constant(Float64Array.from(measured)));
    const shift = mul(1 / measured.length, sum(errors));
    return sum(square(sub(errors, shift)));
  }
  if (measured.every(each => each === measured[0])) return mul(0, sum(predictions));
  // pairwiseRanking is a mean over pairs, but the other losses are sums over compounds.
  return mul(measured.length, pairwiseRanking(measured)(predictions));
}
