import { evaluate } from '../engine/evaluate.ts';
import { Tape } from '../engine/tape.ts';
import type { Combination } from './combination.ts';
import { LazyParams } from './lazy-params.ts';
import { withParams } from './missing-params.ts';
import type { Params } from './params.ts';
import { singleNumber } from './results.ts';

/**
 * Evaluates the settings of a combination that are functions of the parameters.
 *
 * @throws TypeError or RangeError, naming the combination and the setting, if a function returns anything but a single number,
 * or a number that is not above 0 (for q: the number 0); Error naming the parameter if a function reads one that does not exist
 */
export function learnedSettings(
  { kind, learned = {} }: Combination,
  params: Params,
): Readonly<Record<string, number>> {
  const numbers: Record<string, number> = {};
  for (const [name, setting] of Object.entries(learned)) {
    if (typeof setting === 'number') continue;
    const tape = new Tape();
    const who = `${kind}: ${name}`;
    const value = singleNumber(withParams(who, new LazyParams(tape, params).values, setting), tape, who);
    const number = evaluate([value])[0].data[0] as number;
    const isSigned = name === 'q';
    if (!Number.isFinite(number) || (isSigned ? number === 0 : number <= 0)) {
      const range = isSigned ? 'other than 0' : 'above 0';
      throw new RangeError(
        `${who} must be a finite number ${range}, but with these parameters it is ${number}`,
      );
    }
    numbers[name] = number;
  }
  return numbers;
}
