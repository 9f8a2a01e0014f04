import type { Value } from '../engine/tape.ts';

/** Parameters as values on a tape, by name. */
export type Values = Readonly<Record<string, Value>>;

/** A setting: a number, or a function that records a number from the parameters. */
export type Setting<V extends Values = Values> = number | ((params: V) => Value);

/** Settings by name. A function has the type of a method, which accepts any parameters: their names are not known here. */
export type Settings = { readonly [name: string]: number | { record(params: Values): Value }['record'] };

/** @throws RangeError naming the function `owner` and the setting, unless the number is finite and above 0 */
export function checkPositive(owner: string, name: string, number: number): void {
  if (!(number > 0 && Number.isFinite(number))) {
    throw new RangeError(`${owner}: ${name} must be a finite number above 0, got ${number}`);
  }
}

/**
 * Rejects a setting that makes a result overflow.
 *
 * @param results numbers computed from the setting; the name of each is its formula
 * @throws RangeError naming the function `owner`, the setting and the formula
 */
export function checkOverflow(
  owner: string,
  setting: string,
  results: { readonly [formula: string]: number },
): void {
  for (const [formula, number] of Object.entries(results)) {
    if (!Number.isFinite(number))
      throw new RangeError(`${owner}: ${setting} is out of range: ${formula} overflows`);
  }
}

/** Returns β = 1/kT. @throws RangeError naming the function `owner`, if kT is not above 0 or β overflows */
export function betaOf(owner: string, kT: number): number {
  checkPositive(owner, 'kT', kT);
  checkOverflow(owner, `kT of ${kT}`, { '1/kT': 1 / kT });
  return 1 / kT;
}

/** @throws TypeError naming the function `owner` and the option, unless the option is a function or absent */
export function checkFunction(owner: string, name: string, option: unknown): void {
  if (option !== undefined && typeof option !== 'function')
    throw new TypeError(`${owner}: ${name} must be a function, got ${typeof option}`);
}

/** Returns the number of a setting, or the value that its function records. */
export function settingOf<V extends Values>(setting: Setting<V>, params: Values): Value | number {
  return typeof setting === 'number' ? setting : setting(params as V);
}
