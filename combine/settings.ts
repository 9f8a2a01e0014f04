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
