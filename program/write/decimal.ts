/**
 * Number with fixed decimals, right-justified in `width` columns (0: as wide as needed); never −0.
 *
 * @throws RangeError if it does not fit
 */
export function decimal(value: number, width: number, decimals: number): string {
  const text = value.toFixed(decimals).replace(/^-(?=[0.]*$)/, '');
  if (Number.isFinite(value) && (width === 0 || text.length <= width)) return text.padStart(width);
  throw new RangeError(`expected a number that fits ${width} columns, got ${value}`);
}

/**
 * The three coordinates of an atom in columns of one width.
 *
 * @param coordinates Å, three for each atom
 */
export function place(coordinates: ArrayLike<number>, atom: number, width: number, decimals: number): string {
  return [0, 1, 2].map(axis => decimal(coordinates[3 * atom + axis] as number, width, decimals)).join('');
}
