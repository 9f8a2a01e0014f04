import { type Tensor, tensor } from 'posetape';
import type { Pose } from '../../examples/vina/pairs.ts';
import type { DockedPose } from '../vina/poses.ts';

/**
 * Reduces the poses of one compound to the data that a fit needs. Data for reports and receptor atoms without a pair are left
 * out. This saves memory, because a fit holds the poses of all compounds at once.
 */
export function slimmed(poses: readonly Pose[]): Pose[] {
  const [first] = poses;
  if (!first) return [];
  const rows = new Map<number, number>();
  for (const { receptorAtom } of poses) {
    for (const atom of receptorAtom) if (!rows.has(atom)) rows.set(atom, rows.size);
  }
  const receptor = rowsOf(first.receptor, [...rows.keys()]);
  return poses.map(pose => {
    // Only a DockedPose may have `between`. For any other pose it is undefined.
    const { ligand, ligandAtom, radii, hydrophobic, hydrogenBond, rotors, between } = pose as DockedPose;
    const receptorAtom = pose.receptorAtom.map(atom => rows.get(atom) as number);
    const slim = { ligand, receptor, ligandAtom, receptorAtom, radii, hydrophobic, hydrogenBond, rotors };
    return between ? { ...slim, between } : slim;
  });
}

/** Returns the coordinates of some atoms, shape [atoms, 3]. */
function rowsOf({ data }: Tensor<Float64Array>, atoms: readonly number[]): Tensor<Float64Array> {
  const numbers = new Float64Array(3 * atoms.length);
  for (const [row, atom] of atoms.entries()) numbers.set(data.subarray(3 * atom, 3 * atom + 3), 3 * row);
  return tensor(numbers, [atoms.length, 3]);
}
