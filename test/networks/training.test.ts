import { boltzmann, squaredError } from 'posetape/combine';
import { adam, fit } from 'posetape/fit';
import { expect, test } from 'vitest';
import { gat } from '../../examples/gat/gat.ts';
import { atomsOf, poseOf } from '../../examples/networks/pose.ts';
import { uniform } from '../../examples/networks/random.ts';
import { painn } from '../../examples/painn/painn.ts';
import { schnet } from '../../examples/schnet/schnet.ts';

const networks = {
  schnet: schnet({ hidden: 8, gaussians: 8, interactions: 2, cutoff: 5 }),
  painn: painn({ hidden: 8, waves: 8, interactions: 2, cutoff: 5 }),
  gat: gat({ heads: 2, features: 4, gaussians: 8, layers: 2, cutoff: 5 }),
};

const random = uniform(11);
const settings = { neighbours: 4, cutoff: 5, delta: true };

/** Random pose: a layer of four ligand atoms, and a layer of four pocket atoms. */
function randomPose() {
  const atoms = (height: number) =>
    atomsOf(
      [6, 7, 8, 6],
      [0, 1, 2, 3].flatMap(k => [1.5 * k + 0.5 * random(), 0.5 * random(), height + 0.5 * random()]),
    );
  return poseOf(atoms(0), atoms(2.5), settings);
}

/** Compounds with invented affinities, unrelated to their poses. */
const compounds = [-3, -1, 1, 2].map(measured => ({
  measured,
  poses: [randomPose(), randomPose(), randomPose()],
}));

test.each(Object.entries(networks))(
  '%s learns invented affinities, with three poses a tape',
  async (_, network) => {
    const { epochs } = await fit({
      compounds,
      params: network.weights,
      score: network.scoreGroup,
      posesPerTape: 3,
      combination: boltzmann({ kT: 0.593 }),
      loss: ({ measured }) => squaredError(measured),
      optimiser: adam({ rate: 0.03 }),
      epochs: 60,
    });
    const [first, last] = [epochs[0], epochs.at(-1)];
    expect(last?.loss).toBeLessThan(0.1 * (first?.loss as number));
  },
);
