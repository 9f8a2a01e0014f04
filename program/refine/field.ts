import type { Tape, Value } from 'posetape';

/** Energy of one compound in one receptor, as a function of the coordinates of the compound's atoms. */
export interface Field {
  /** Another number once lists of neighbours have outgrown what was recorded, which must then be recorded again. */
  readonly generation: number;
  /** Records the energy that is minimised, of shape [], from coordinates in Å of shape [atoms, 3]. */
  record(tape: Tape, coordinates: Value): Value;
  /** Tells whether the neighbours listed last are all that these coordinates have. Only then what was recorded holds. */
  covers(coordinates: ArrayLike<number>): boolean;
  /** Lists neighbours anew. Tapes recorded before follow when they run next. */
  renew(coordinates: ArrayLike<number>): void;
  /** Energies of coordinates, as they are reported. */
  energies(coordinates: ArrayLike<number>): Energies;
}

/** Energies of a pose, in kcal/mol if the scorer has that unit. */
export interface Energies {
  /** Energy that poses are ranked by. */
  readonly score: number;
  /** Energy that is minimised. */
  readonly minimised: number;
  /** Parts of the minimised energy, by name. */
  readonly parts: Readonly<Record<string, number>>;
}

/** Squared distance in Å² of the atom at one place of a list and the atom at a place of another. */
export function squaredDistance(a: ArrayLike<number>, i: number, b: ArrayLike<number>, j: number): number {
  const x = (a[3 * i] as number) - (b[3 * j] as number);
  const y = (a[3 * i + 1] as number) - (b[3 * j + 1] as number);
  const z = (a[3 * i + 2] as number) - (b[3 * j + 2] as number);
  return x * x + y * y + z * z;
}
