import type { Tape, Value } from 'posetape';

/** Energy of one compound in one receptor, as a function of the coordinates of the compound's atoms. */
export interface Field {
  /** Number that changes when recorded tapes can no longer be used, and the energy must be recorded again. */
  readonly generation: number;
  /** Distance in Å within which a pose touches the receptor. */
  readonly reach: number;
  /** True if a ligand atom at these coordinates is closer than `reach` to a receptor atom. */
  isNear(coordinates: ArrayLike<number>): boolean;
  /** Records the energy that is minimised, of shape [], from coordinates in Å of shape [atoms, 3]. */
  record(tape: Tape, coordinates: Value): Value;
  /** True if the neighbour lists are valid at these coordinates. Only then do recorded tapes give the right energy. */
  covers(coordinates: ArrayLike<number>): boolean;
  /** Makes neighbour lists for these coordinates. Tapes of the current `generation` use them in their next run. */
  renew(coordinates: ArrayLike<number>): void;
  /** Computes the energies that are reported for these coordinates. */
  energies(coordinates: ArrayLike<number>): Energies;
}

/** Energies of a pose, in kcal/mol. Those of a SchNet are in the unit that it was fitted to. */
export interface Energies {
  /** Energy that ranks poses. */
  readonly score: number;
  /** Energy that is minimised. */
  readonly minimised: number;
  /** Parts of the minimised energy, by name. */
  readonly parts: Readonly<Record<string, number>>;
}

/** Returns the squared distance between atom `i` of coordinates `a` and atom `j` of coordinates `b`, in Å². */
export function squaredDistance(a: ArrayLike<number>, i: number, b: ArrayLike<number>, j: number): number {
  const x = (a[3 * i] as number) - (b[3 * j] as number);
  const y = (a[3 * i + 1] as number) - (b[3 * j + 1] as number);
  const z = (a[3 * i + 2] as number) - (b[3 * j + 2] as number);
  return x * x + y * y + z * z;
}
