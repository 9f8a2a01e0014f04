import {
  type Combination,
  type CombineOptions,
  type CombineResult,
  combinePoses,
  pKi,
  squaredError,
} from 'posetape/combine';
import { adam } from 'posetape/fit';
import type { Weights } from '../../examples/networks/layers.ts';
import type { Pose } from '../../examples/networks/pose.ts';
import { shuffled, uniform } from '../../examples/networks/random.ts';
import type { Model } from './model.ts';

/** A compound: its docked poses, and how strongly it binds. */
export interface Compound {
  readonly name: string;
  readonly poses: readonly Pose[];
  /** As measured: −log₁₀ of the inhibition constant in mol/L. */
  readonly pKi: number;
}

/** What is fitted, and how. */
export interface Fit {
  readonly combination: Combination;
  /** What is compared with experiment: ΔG in kcal/mol, or pKi. */
  readonly readout: 'dG' | 'pKi';
  /** kcal/mol, by which ΔG and pKi are made of each other. */
  readonly kT: number;
  /** Of Adam: about how far a weight moves in a step. */
  readonly rate: number;
  /** Compounds a step. */
  readonly batch: number;
  /** Of the order in which compounds are taken. */
  readonly seed: number;
}

/** What one round over the compounds came to. */
export interface Epoch {
  /** The mean over the compounds of their squared errors, each before the step that it took part in. */
  readonly loss: number;
  readonly weights: Weights;
}

/** The ΔG in kcal/mol that belongs to a pKi: −kT ln 10 · pKi. */
export function bindingEnergy(pKi: number, kT: number): number {
  return -kT * Math.LN10 * pKi;
}

/**
 * Fits a model by Adam, one epoch each time it is asked, for as long as it is asked.
 *
 * The loss of a batch is the sum over its compounds of (prediction − experiment)², so its gradient is the sum of theirs:
 * each compound is combined on its own, and only one pose's tape is alive at a time.
 *
 * @example
 * for await (const { loss, weights } of training(compounds, model, fit)) if (loss < 0.1) break;
 */
export async function* training(
  compounds: readonly Compound[],
  model: Model,
  fit: Fit,
  onCompound: (done: number) => unknown = () => {},
): AsyncGenerator<Epoch> {
  const random = uniform(fit.seed);
  const stepper = adam({ rate: fit.rate }).start();
  let { weights } = model;
  for (;;) {
    let [loss, done] = [0, 0];
    for (const batch of batches(shuffled(compounds, random), fit.batch)) {
      const gradients: Weights[] = [];
      for (const compound of batch) {
        const result = await combineCompound(compound, { ...model, weights }, fit);
        loss += result.loss ?? 0;
        gradients.push(result.gradient);
        await onCompound(++done);
      }
      weights = stepper.step(weights, summed(gradients));
    }
    yield { loss: loss / compounds.length, weights };
  }
}

/** ΔG of a compound by the model, in kcal/mol. */
export async function predictCompound(compound: Compound, model: Model, fit: Fit): Promise<number> {
  return (await combineCompound(compound, model, fit, { gradient: false })).value;
}

/** (prediction − experiment)² of a ΔG in kcal/mol, in the unit of the readout. */
export function lossOf(energy: number, { pKi }: Compound, { readout, kT }: Fit): number {
  const scale = readout === 'pKi' ? kT * Math.LN10 : 1;
  return ((energy - bindingEnergy(pKi, kT)) / scale) ** 2;
}

function combineCompound(
  { poses, pKi: measured }: Compound,
  { network, weights }: Model,
  { combination, readout, kT }: Fit,
  options: Pick<CombineOptions<Pose, Weights>, 'gradient'> = {},
): Promise<CombineResult<Weights>> {
  return combinePoses({
    poses,
    params: weights,
    score: network.score,
    combination,
    ...(readout === 'pKi'
      ? { readout: pKi({ kT }), loss: squaredError(measured) }
      : { loss: squaredError(bindingEnergy(measured, kT)) }),
    ...options,
  });
}

function batches<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, i) => items.slice(i * size, (i + 1) * size));
}

/** The sum of gradients of the same parameters. */
function summed([first, ...others]: readonly Weights[]): Weights {
  const entries = Object.entries(first ?? {}).map(([name, { data, shape }]) => {
    const sum = Float64Array.from(data, (slope, i) =>
      others.reduce((total, other) => total + (other[name]?.data[i] as number), slope),
    );
    return [name, { data: sum, shape }];
  });
  return Object.fromEntries(entries);
}
