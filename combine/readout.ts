import { checkOptions } from '../engine/options.ts';
import type { Value } from '../engine/tape.ts';
import { div } from '../ops/arithmetic/div.ts';
import { sub } from '../ops/arithmetic/sub.ts';
import { checkOverflow, checkPositive } from './settings.ts';

/** Quantity that an experiment reports, computed from ΔG. */
export type Readout = (prediction: Value) => Value;

/**
 * pKi = −ΔG/(kT ln 10), kT > 0 in the unit of ΔG (0.593 kcal/mol at 298 K; default 1): −log₁₀ of the inhibition constant
 * in mol/L.
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
 * pIC50 = pKi − log₁₀(1 + [S]/K_M), for a competitive inhibitor at substrate concentration [S] (Cheng and Prusoff,
 * Biochem. Pharmacol. 22, 3099, 1973). `substrate` and `km` in the same unit.
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
  checkOverflow('pIC50', `substrate of ${substrate} to km of ${km}`, { '[S]/K_M': shift });
  const affinity = pKi({ kT });
  return prediction => sub(affinity(prediction), shift);
}
