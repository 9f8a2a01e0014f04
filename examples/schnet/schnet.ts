import type { Tape, Value } from 'posetape';
import {
  add,
  cosineCutoff,
  expandDims,
  gather,
  gaussians,
  mul,
  segmentSum,
  shiftedSoftplus,
  sum,
} from 'posetape/ops';
import {
  dense,
  denseShapes,
  distancesAlong,
  embeddingShape,
  initialWeights,
  type NamedShape,
  type WeightShapes,
  type WeightValues,
  weightOf,
} from '../networks/layers.ts';
import { type Network, poseScorer } from '../networks/network.ts';
import type { AtomGraph } from '../networks/pose.ts';

/** Sizes that fix the shapes of a network. */
export interface Sizes {
  /** Number of features of an atom. It must be even, because the readout halves it. */
  readonly hidden: number;
  /** Number of Gaussians, at least 2, in which a distance is expanded. They are spread evenly from 0 to the cutoff. */
  readonly gaussians: number;
  /** Number of rounds of messages between neighbours. */
  readonly interactions: number;
  /** Cutoff in Å. Atoms at this distance or more do not interact. */
  readonly cutoff: number;
}

/** Graph with the lengths of its edges, in Å and of shape [edges]. */
export interface MeasuredGraph extends AtomGraph {
  readonly distances: Value;
}

/** SchNet network: its initial weights, energy and scorers. */
export interface SchNet extends Network {
  readonly sizes: Sizes;
  /** Records the energy of a graph, of shape []. */
  energy(tape: Tape, weights: WeightValues, graph: MeasuredGraph): Value;
}

/**
 * Returns a SchNet, a network whose energy is smooth in the coordinates and does not change if the atoms are translated,
 * rotated or permuted (Schütt et al., arXiv:1706.08566).
 *
 * Energies have the unit of the targets of the fit. The initial weights are random, so energies before a fit mean nothing.
 *
 * @param seed seed of the initial weights, a whole number from 1
 * @example
 * const { weights, score } = schnet({ hidden: 64, gaussians: 50, interactions: 3, cutoff: 10 });
 * const result = await combinePoses({ poses, params: weights, score, combination: boltzmann({ kT: 0.593 }) });
 */
export function schnet(sizes: Sizes, seed = 1): SchNet {
  const { cutoff, interactions } = sizes;
  const spacing = cutoff / (sizes.gaussians - 1);
  const centers = Array.from({ length: sizes.gaussians }, (_, k) => k * spacing);
  const gamma = 0.5 / spacing ** 2; // standard deviation equal to the spacing

  /** Records the energies of the atoms, of shape [atoms, 1]. */
  const atomEnergies: SchNet['energy'] = (tape, weights, { elements, src, dst, distances }) => {
    const basis = gaussians(distances, centers, gamma); // [edges, gaussians]
    const fade = expandDims(cosineCutoff(distances, cutoff), 1); // [edges, 1]
    const [from, to] = [tape.constant(src), tape.constant(dst)];
    let x = gather(weightOf(weights, 'embedding'), elements); // [atoms, hidden]
    for (let block = 0; block < interactions; block++) {
      const apply = (layer: string, input: Value) => dense(weights, `interaction${block}.${layer}`, input);
      const filter = mul(apply('filter2', shiftedSoftplus(apply('filter1', basis))), fade); // [edges, hidden]
      const messages = mul(gather(apply('atomwise1', x), from), filter);
      const received = segmentSum(messages, to, elements.length); // [atoms, hidden]
      x = add(x, apply('atomwise3', shiftedSoftplus(apply('atomwise2', received))));
    }
    return dense(weights, 'readout2', shiftedSoftplus(dense(weights, 'readout1', x)));
  };

  const energy: SchNet['energy'] = (...args) => sum(atomEnergies(...args));

  const scorer = poseScorer((weights, graph, coordinates) =>
    atomEnergies(coordinates.tape, weights, { ...graph, distances: distancesAlong(graph, coordinates) }),
  );

  return { sizes, weights: initialWeights(weightShapes(sizes), seed), energy, ...scorer };
}

/**
 * Returns the names and shapes of a network's parameters, in order.
 *
 * In each interaction block, `filter1` and `filter2` compute a filter of the distance. A message is the filter times the
 * output of `atomwise1` for the source of the edge. `atomwise2` and `atomwise3` turn an atom's sum of messages into a
 * change of its features. After the last block, `readout1` and `readout2` compute the energy of each atom.
 */
export function weightShapes({ hidden, gaussians, interactions }: Sizes): WeightShapes {
  const half = hidden / 2;
  const block = (name: string): NamedShape[] => [
    ...denseShapes(`${name}.filter1`, gaussians, hidden),
    ...denseShapes(`${name}.filter2`, hidden, hidden),
    [`${name}.atomwise1.weight`, [hidden, hidden]],
    ...denseShapes(`${name}.atomwise2`, hidden, hidden),
    ...denseShapes(`${name}.atomwise3`, hidden, hidden),
  ];
  return new Map([
    embeddingShape(hidden),
    ...Array.from({ length: interactions }, (_, k) => block(`interaction${k}`)).flat(),
    ...denseShapes('readout1', hidden, half),
    ...denseShapes('readout2', half, 1),
  ]);
}
