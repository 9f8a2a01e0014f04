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
 * Losses by name. `within-target` is the squared error after the best shift of each target, `ranking` compares the order
 * of the compounds of a target; both compare the compounds of a batch.
 */
export const lossNames = ['squared', 'absolute', 'huber', 'gaussian', 'within-target', 'ranking'] as const;

export type LossName = (typeof lossNames)[number];

/** Settings of an objective. */
export interface ObjectiveSettings extends GivenPooling {
  readonly loss: LossName;
  readonly huber: number;
  readonly readout: 'dG' | 'pKi';
  readonly learn: readonly string[];
}

/** Names of the parameters of a pooling that is fitted; each is a logarithm, so that the number stays above 0. */
const logOf = { kT: 'pool.log kT', t: 'pool.log t' } as const;

/** Logarithms of the pooling's numbers that are to be fitted, by the name of their parameter. */
export function poolingParams({ learn, ...given }: ObjectiveSettings): [name: string, log: number][] {
  const names = (['kT', 't'] as const).filter(name => learn.includes(name));
  return names.map(name => [logOf[name], Math.log(given[name])]);
}

/** The pooling, with numbers that were fitted in place of those given. */
export function fittedPooling(
  { combination, kT, t, q }: GivenPooling,
  params: Readonly<Record<string, { readonly data: ArrayLike<number> }>>,
): GivenPooling {
  const numberOf = (name: keyof typeof logOf, given: number): number => {
    const log = params[logOf[name]]?.data[0];
    return log === undefined ? given : Math.exp(log);
  };
  return { combination, kT: numberOf('kT', kT), t: numberOf('t', t), q };
}

/** The combination, with settings made of parameters where those are fitted. */
export function combinationOf({ combination, kT, t, q, learn }: ObjectiveSettings): Combination {
  const settingOf = (name: keyof typeof logOf, given: number) =>
    learn.includes(name)
      ? (params: Readonly<Record<string, Value>>) => exp(params[logOf[name]] as Value)
      : given;
  return poolings[combination].make({ kT: settingOf('kT', kT), t: settingOf('t', t), q });
}

/** Converts the output of the combination to ΔG or pKi. Undefined if the loss takes that output directly. */
export function readoutFor(settings: ObjectiveSettings): ((prediction: Value) => Value) | undefined {
  if (settings.loss === 'gaussian') return undefined;
  const energy = readoutOf(settings);
  if (settings.readout === 'dG') return energy;
  const affinity = pKi({ kT: roomKT });
  return prediction => affinity(energy ? energy(prediction) : prediction);
}

/** Measured affinity of a compound in the unit of the readout, and the side on which the true value lies. */
export function measuredOf(
  { pKi: measured, bound }: Pick<FitCompound, 'pKi' | 'bound'>,
  readout: ObjectiveSettings['readout'],
): { readonly measured: number; readonly bound: FitCompound['bound'] } {
  if (readout === 'pKi') return { measured, bound };
  // A greater pKi is a lower ΔG.
  const turned = bound && (bound === 'lower' ? 'upper' : 'lower');
  return { measured: bindingEnergy(measured), bound: turned };
}

/**
 * Loss of one compound; undefined for losses that compare compounds.
 *
 * @throws Error for a bound, if the loss takes none
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
    throw new Error(`${compound.name}: --loss gaussian takes no affinity that is a bound`);
  return censored({ measured, bound, loss: make });
}

/**
 * Loss of the compounds of a batch; undefined for losses of single compounds. Affinities that are bounds are
 * ignored.
 */
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
    const terms = [...groups.values()].map(places => {
      const measured = places.map(i => measuredOf(compounds[i] as FitCompound, readout).measured);
      return ofTarget(loss, gather(predictions, Int32Array.from(places)), measured);
    });
    // If there is nothing to compare, a zero that depends on the predictions.
    return terms.reduce((total, term) => add(total, term), mul(0, sum(predictions)));
  };
}

function ofTarget(loss: 'within-target' | 'ranking', predictions: Value, measured: readonly number[]): Value {
  if (loss === 'within-target') {
    const errors = sub(predictions, predictions.tape.constant(Float64Array.from(measured)));
    const shift = mul(1 / measured.length, sum(errors));
    return sum(square(sub(errors, shift)));
  }
  if (measured.every(each => each === measured[0])) return mul(0, sum(predictions));
  // Multiplied by their number, because losses of compounds are summed.
  return mul(measured.length, pairwiseRanking(measured)(predictions));
}
