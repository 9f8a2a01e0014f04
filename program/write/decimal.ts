/**
 * Formats a number with a fixed number of decimals, right-justified. Zero has no minus sign.
 *
 * @param width number of columns, or 0 for as many as needed
 * @throws RangeError if the number is not finite or does not fit
 */
export function decimal(value: number, width: number, decimals: number): string {
  const text = value.toFixed(decimals).replace(/^-(?=[0.]*$)/, '');
  if (Number.isFinite(value) && (width === 0 || text.length <= width)) return text.padStart(width);
  throw new RangeError(`expected a number that fits ${width} columns, got ${value}`);
}

/**
 * Formats the three coordinates of an atom, one after the other, each in `width` columns.
 *
 * @param coordinates x, y and z of each atom, Å
 * @param atom index of the atom
 * @throws RangeError if a coordinate is not finite or does not fit
 */
export function position(
  coordinates: ArrayLike<number>,
  atom: number,
  width: number,
  decimals: number,
): string {
  return [0, 1, 2].map(axis => decimal(coordinates[3 * atom + axis] as number, width, decimals)).join('');
}
