import { tensor } from 'posetape';
import { gat } from '../../examples/gat/gat.ts';
import { atomsOf, poseOf } from '../../examples/networks/pose.ts';
import { painn } from '../../examples/painn/painn.ts';
import { spread } from './spread.ts';
import type { Task } from './tasks.ts';

const cutoff = 4;

/**
 * Makes the task of a network of examples/. `sizes` are the numbers of features, of blocks and of atoms. The atoms are near
 * the points of a lattice with a spacing of 1.5 Å: each coordinate is at most 0.3 Å off. bench/peers/torch_networks.py has
 * the same networks and poses.
 */
export function networkTask(kind: 'painn' | 'gat', sizes: readonly number[], count: number): Task {
  const [features = 4, blocks = 1, atoms = 1] = sizes;
  const network =
    kind === 'painn'
      ? painn({ hidden: features, waves: 16, interactions: blocks, cutoff })
      : gat({ heads: 4, features: features / 4, gaussians: 16, layers: blocks, cutoff });
  const weights = Object.entries(network.weights).map(([name, { shape }], n) => {
    const [rows = 1, columns = 1] = shape;
    const scale = rows === 1 ? 0.2 : 2 / Math.sqrt(rows);
    return [
      name,
      tensor(
        spread(rows * columns, 1000 * n).map(x => scale * x),
        shape,
      ),
    ];
  });
  const poses = Array.from({ length: count }, (_, n) => {
    const moved = spread(3 * atoms, 100 + 3 * n * atoms);
    // The lattice has four points along x, four along y, and as many as needed along z.
    const at = Array.from(moved, (x, i) => {
      const atom = Math.floor(i / 3);
      return 1.5 * (Math.floor(atom / 4 ** (i % 3)) % (i % 3 === 2 ? atoms : 4)) + 0.6 * x;
    });
    const elements = Array.from({ length: atoms }, (_, atom) => 6 + (atom % 3));
    return poseOf(atomsOf(elements, at), atomsOf([], []), { neighbours: 16, cutoff, delta: false });
  });
  const { score } = network;
  const task = { poses, params: Object.fromEntries(weights), score, precision: 'float32' };
  return task as unknown as Task;
}
