import { checkOptions } from '../engine/options.ts';
import type { Value } from '../engine/tape.ts';
import { div } from '../ops/arithmetic/div.ts';
import { sub } from '../ops/arithmetic/sub.ts';
import { checkOverflow, checkPositive } from './settings.ts';

/** A function that records the quantity that an experiment reports, from ΔG. */
export type Readout = (prediction: Value) => Value;

/**
 * The readout pKi = −ΔG/(kT ln 10): −log₁₀ of the inhibition constant in mol/L. kT > 0 is in the unit of ΔG (0.593 kcal/mol at
 * 298 K; default 1).
 *
 * @throws RangeError for a kT that is not above 0, or out of range
 */
export function pKi(options: { readonly kT?: number } = {}): Readout {
  checkOptions('pKi', options, ['kT']);
  const { kT = 1 } = options;
  checkPositive('pKi', 'kT', kT);
  const unit = -kT * Math.LN10;
  checkOverflow('pKi', `kT of ${kT}`, { 'kT ln 10': unit, '1/(kT ln 10)': 1 / unit });
  return prediction => div(prediction, unit);
}

/**
 * The readout pIC50 = pKi − log₁₀(1 + substrate/km) of a competitive inhibitor (Cheng and Prusoff, Biochem. Pharmacol. 22,
 * 3099, 1973). `substrate` is the concentration of the substrate and `km` its Michaelis constant, in the same unit.
 *
 * @throws RangeError for a kT or km that is not above 0, a substrate below 0, or a number out of range
 */
export function pIC50(options: {
  readonly kT?: number;
  readonly substrate: number;
  readonly km: number;
}): Readout {
  checkOptions('pIC50', options, ['kT', 'substrate', 'km']);
  const { kT = 1, substrate, km } = options;
  checkPositive('pIC50', 'kT', kT);
  checkPositive('pIC50', 'km', km);
  if (!(substrate >= 0 && Number.isFinite(substrate))) {
    throw new RangeError(`pIC50: substrate must be a finite concentration from 0, got ${substrate}`);
  }
  const shift = Math.log10(1 + substrate / km);
  checkOverflow('pIC50', `substrate of ${substrate} to km of ${km}`, { 'substrate/km': shift });
  const affinity = pKi({ kT });
  return prediction => sub(affinity(prediction), shift);
}
