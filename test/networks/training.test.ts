import { boltzmann, combineBatch, squaredError } from 'posetape/combine';
import { adam } from 'posetape/fit';
import { expect, test } from 'vitest';
import { gat } from '../../examples/gat/gat.ts';
import type { Weights } from '../../examples/networks/layers.ts';
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

/** Four atoms of a ligand among four of a pocket, a layer apart. */
function drawnPose() {
  const atoms = (height: number) =>
    atomsOf(
      [6, 7, 8, 6],
      [0, 1, 2, 3].flatMap(k => [1.5 * k + 0.5 * random(), 0.5 * random(), height + 0.5 * random()]),
    );
  return poseOf(atoms(0), atoms(2.5), settings);
}

/** Made-up compounds: what is measured has nothing to do with the poses. */
const compounds = [-3, -1, 1, 2].map(measured => ({
  measured,
  poses: [drawnPose(), drawnPose(), drawnPose()],
}));

test.each(Object.entries(networks))('%s learns made-up affinities by the batch API', async (_, network) => {
  const stepper = adam({ rate: 0.03 }).start();
  let weights: Weights = network.weights;
  const losses: number[] = [];
  for (let k = 0; k < 60; k++) {
    const { loss, gradient } = await combineBatch({
      compounds,
      params: weights,
      score: network.scoreGroup,
      posesPerTape: 3,
      combination: boltzmann({ kT: 0.593 }),
      loss: (x, { compound }) => squaredError(compound.measured)(x),
    });
    losses.push(loss as number);
    weights = stepper.step(weights, gradient);
  }
  expect(losses.at(-1)).toBeLessThan(0.1 * (losses[0] as number));
});
