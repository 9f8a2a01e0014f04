/** @throws RangeError naming the function and the setting, unless the number is finite and above 0 */
export function checkPositive(owner: string, name: string, number: number): void {
  if (!(number > 0 && Number.isFinite(number))) {
    throw new RangeError(`${owner}: ${name} must be a finite number above 0, got ${number}`);
  }
}
