import type { Compound } from './compound.ts';
import type { DockedPose } from './poses.ts';

/**
 * Returns the root mean square deviation of the heavy atoms of two poses of one compound, in Å, without superposition: the
 * smallest over the symmetries of the compound.
 *
 * @throws TypeError if the poses are of two compounds
 */
export function rmsdOf(a: DockedPose, b: DockedPose): number {
  const rows = a.atomOfRow.length;
  if (b.compound !== a.compound) throw new TypeError('rmsdOf: expected two poses of one compound');
  const cost = squaredDistances(a, b);
  const match = a.compound.symmetries()({ cost });
  // If the search finds no match within its steps, each atom is matched with itself.
  return Math.sqrt((match?.cost ?? costInPlace(cost, rows)) / rows);
}

/**
 * Returns a function that finds poses that repeat an earlier one. Call it with each pose in turn: it returns the index of
 * the first earlier pose within an RMSD ({@link rmsdOf}) of `threshold`, in Å, or undefined for a new pose. Only new poses
 * are compared with later ones.
 *
 * @example
 * const findDuplicate = duplicateFinder(0.5);
 * for await (const pose of posesOf(receptor, molecules)) if (findDuplicate(pose) === undefined) yield pose;
 */
export function duplicateFinder(threshold: number): (pose: DockedPose) => number | undefined {
  if (!(threshold >= 0))
    throw new RangeError(`duplicateFinder: expected a distance in Å, found ${threshold}`);
  const distinct: { index: number; pose: Coordinates; center: readonly number[] }[] = [];
  let compound: Compound | undefined;
  let count = 0;
  return pose => {
    compound ??= pose.compound;
    if (pose.compound !== compound) throw new TypeError('duplicateFinder: expected poses of one compound');
    const center = centerOf(pose);
    const repeated = distinct.find(
      // The distance between the centers of two poses is a lower bound of their RMSD, and cheap.
      other => distance(center, other.center) < threshold && areClose(pose, other.pose, threshold),
    );
    const index = count++;
    if (!repeated) distinct.push({ index, pose: { ligand: pose.ligand, compound }, center });
    return repeated?.index;
  };
}

/** Returns, for each pose, the index of the earlier pose that this pose repeats ({@link duplicateFinder}), or undefined. */
export function duplicatesOf(poses: Iterable<DockedPose>, threshold: number): (number | undefined)[] {
  const findDuplicate = duplicateFinder(threshold);
  return Array.from(poses, pose => findDuplicate(pose));
}

type Coordinates = Pick<DockedPose, 'ligand' | 'compound'>;
/** Returns the squared distance of two atoms of different poses, in Å². */
type Cost = (a: number, b: number) => number;

/** True if the RMSD of two poses is less than `threshold`. */
function areClose(a: Coordinates, b: Coordinates, threshold: number): boolean {
  const cost = squaredDistances(a, b);
  const rows = a.ligand.shape[0] as number;
  const limit = rows * threshold ** 2;
  if (costInPlace(cost, rows) < limit) return true;
  return (a.compound.symmetries()({ cost, limit })?.cost ?? limit) < limit;
}

function squaredDistances({ ligand: { data: a } }: Coordinates, { ligand: { data: b } }: Coordinates): Cost {
  return (i, j) =>
    ((a[3 * i] as number) - (b[3 * j] as number)) ** 2 +
    ((a[3 * i + 1] as number) - (b[3 * j + 1] as number)) ** 2 +
    ((a[3 * i + 2] as number) - (b[3 * j + 2] as number)) ** 2;
}

/** Returns the cost of matching each atom with itself. */
function costInPlace(cost: Cost, rows: number): number {
  let total = 0;
  for (let row = 0; row < rows; row++) total += cost(row, row);
  return total;
}

function centerOf({ ligand: { data, shape } }: Coordinates): number[] {
  const center = [0, 0, 0];
  data.forEach((x, entry) => {
    center[entry % 3] = (center[entry % 3] as number) + x / (shape[0] as number);
  });
  return center;
}

function distance(a: readonly number[], b: readonly number[]): number {
  return Math.sqrt(a.reduce((sum, x, axis) => sum + (x - (b[axis] as number)) ** 2, 0));
}
