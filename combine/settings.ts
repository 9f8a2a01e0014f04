import type { Value } from '../engine/tape.ts';

/** Parameters as values on a tape, by name. */
export type Values = Readonly<Record<string, Value>>;

/** A setting: a number above 0, or a function that records one, above 0, of the parameters. */
export type Setting<V extends Values = Values> = number | ((params: V) => Value);

/** Settings by name. A method's type, since methods are bivariant: the parameters have names of their own. */
export type Settings = { readonly [name: string]: number | { make(params: Values): Value }['make'] };

/** @throws RangeError naming the function and the setting, unless the number is finite and above 0 */
export function checkPositive(owner: string, name: string, number: number): void {
  if (!(number > 0 && Number.isFinite(number))) {
    throw new RangeError(`${owner}: ${name} must be a finite number above 0, got ${number}`);
  }
}

/** @throws RangeError naming the function and the setting, where what is computed of it overflows */
export function checkOverflow(
  owner: string,
  setting: string,
  results: { readonly [what: string]: number },
): void {
  for (const [what, number] of Object.entries(results)) {
    if (!Number.isFinite(number))
      throw new RangeError(`${owner}: ${setting} is out of range: ${what} overflows`);
  }
}

/** β = 1/kT. @throws RangeError naming the function for kT that is not above 0, or whose β overflows */
export function betaOf(owner: string, kT: number): number {
  checkPositive(owner, 'kT', kT);
  checkOverflow(owner, `kT of ${kT}`, { '1/kT': 1 / kT });
  return 1 / kT;
}

/** @throws TypeError naming the function and the option, unless it is a function or absent */
export function checkFunction(owner: string, name: string, given: unknown): void {
  if (given !== undefined && typeof given !== 'function')
    throw new TypeError(`${owner}: ${name} must be a function, got ${typeof given}`);
}

/** A setting where it is used: the number, or the value that its function records. */
export function settingOf<V extends Values>(setting: Setting<V>, params: Values): Value | number {
  return typeof setting === 'number' ? setting : setting(params as V);
}
