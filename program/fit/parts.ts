import { split } from 'posetape/fit';
import type { FitCompound, Part } from './dataset.ts';

/** Options of {@link partsOf}. */
export interface PartOptions {
  readonly validate?: number;
  readonly validateBy: 'compound' | 'target';
  readonly leaveOut: readonly string[];
  readonly seed: number;
}

/**
 * Returns the part of each compound, by name. The seed determines which of the compounds that are not left out are for
 * validation.
 *
 * @throws Error if a name to leave out is neither a compound nor a target, if no compound remains to be fitted, or if fewer
 * than two compounds or targets remain to be divided into fitted and validation ones
 */
export function partsOf(
  compounds: readonly FitCompound[],
  { validate, validateBy, leaveOut, seed }: PartOptions,
): Map<string, Part> {
  for (const name of leaveOut) {
    if (compounds.some(compound => compound.name === name || compound.target === name)) continue;
    const names = new Set(compounds.map(compound => compound.name));
    throw new Error(`--leave-out ${name}: no such compound or target; compounds are ${listed([...names])}`);
  }
  const isLeftOut = (each: FitCompound) => leaveOut.includes(each.name) || leaveOut.includes(each.target);
  const others = compounds.filter(each => !isLeftOut(each));
  if (others.length === 0) throw new Error('--leave-out: no compound remains to be fitted');
  const parts = new Map<string, Part>(compounds.map(({ name }) => [name, 'left out']));
  for (const { name } of others) parts.set(name, 'fitted');
  if (validate === undefined) return parts;
  const by = (each: FitCompound) => (validateBy === 'target' ? each.target : each.name);
  if (new Set(others.map(by)).size < 2) {
    throw new Error(`--validate: expected at least two ${validateBy}s that are not left out, found one`);
  }
  const { validation } = split(others, { fraction: validate, by }, seed);
  for (const { name } of validation) parts.set(name, 'validation');
  return parts;
}

/** Returns a list of at most 20 names, and the number of others. */
function listed(names: readonly string[]): string {
  return names.length <= 20
    ? names.join(', ')
    : `${names.slice(0, 20).join(', ')} and ${names.length - 20} more`;
}
