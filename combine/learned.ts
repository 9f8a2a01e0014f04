import { evaluate } from '../engine/evaluate.ts';
import { Tape } from '../engine/tape.ts';
import type { Combination } from './combination.ts';
import { LazyParams } from './lazy-params.ts';
import type { Params } from './params.ts';
import { singleNumber } from './results.ts';

/**
 * The settings of a combination that are functions of the parameters, as numbers.
 *
 * @throws TypeError for one that is no value, RangeError for one that is not above 0, or q of 0, naming combination and setting
 */
export function learnedSettings(
  { kind, learned = {} }: Combination,
  params: Params,
): Readonly<Record<string, number>> {
  const numbers: Record<string, number> = {};
  for (const [name, record] of Object.entries(learned)) {
    if (typeof record === 'number') continue;
    const tape = new Tape();
    const value = singleNumber(record(new LazyParams(tape, params).values), tape, `${kind}: ${name}`);
    const number = evaluate([value])[0].data[0] as number;
    const isSigned = name === 'q';
    if (!Number.isFinite(number) || (isSigned ? number === 0 : number <= 0)) {
      const wanted = isSigned ? 'other than 0' : 'above 0';
      throw new RangeError(
        `${kind}: ${name} must be a finite number ${wanted}, but the parameters make it ${number}`,
      );
    }
    numbers[name] = number;
  }
  return numbers;
}
