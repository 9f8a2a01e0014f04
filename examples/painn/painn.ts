import type { Value } from 'posetape';
import {
  add,
  broadcastTo,
  concat,
  cosineCutoff,
  div,
  expandDims,
  gather,
  matmul,
  mul,
  norm,
  reshape,
  segmentSum,
  silu,
  sin,
  slice,
  sqrt,
  square,
  sum,
} from 'posetape/ops';
import {
  arrowsAlong,
  dense,
  denseShapes,
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
  /** Number of scalars of each atom, and also number of its vectors. It must be even, because the readout halves it. */
  readonly hidden: number;
  /** Number of sine waves in which a distance is expanded. */
  readonly waves: number;
  /** Number of rounds of messages between neighbours. */
  readonly interactions: number;
  /** Cutoff in Å. Atoms at this distance or more do not interact. */
  readonly cutoff: number;
}

/** Features of each atom. */
export interface Features {
  /** Features that are invariant under rotation, shape [atoms, hidden]. */
  readonly scalars: Value;
  /** Features that rotate with the atoms: x, y and z of each vector, shape [atoms, 3, hidden]. */
  readonly vectors: Value;
}

/** PaiNN network: its initial weights, features and scorers. */
export interface PaiNN extends Network {
  readonly sizes: Sizes;
  /**
   * Records the features of the atoms after the last block.
   *
   * @param coordinates coordinates in Å, shape [atoms, 3]
   */
  features(weights: WeightValues, graph: AtomGraph, coordinates: Value): Features;
}

/** Constant ε that makes the length √(|v|² + ε) of a vector smooth at 0. `PaiNNMixing` of schnetpack 2.0 has the same ε. */
const epsilon = 1e-8;

/**
 * Returns a PaiNN, a network whose atoms have scalar and vector features (Schütt, Unke and Gastegger, arXiv:2102.03150).
 * Vectors rotate with the atoms, because they are only added, mixed linearly and multiplied by scalars. Scalars are
 * invariant, because they depend on vectors only through lengths and scalar products. So the energy does not change if the
 * atoms are rotated, reflected, translated or permuted. Unlike a sum of functions of distances, it depends on angles.
 *
 * The energy is NaN if two atoms are at the same place, because the edge between them has no direction.
 *
 * @param seed seed of the initial weights, a whole number from 1
 * @example
 * const { weights, score } = painn({ hidden: 64, waves: 20, interactions: 3, cutoff: 5 });
 * const result = await combinePoses({ poses, params: weights, score, combination: boltzmann({ kT: 0.593 }) });
 */
export function painn(sizes: Sizes, seed = 1): PaiNN {
  const { hidden, waves, cutoff, interactions } = sizes;
  const frequencies = Array.from({ length: waves }, (_, n) => ((n + 1) * Math.PI) / cutoff);

  const features: PaiNN['features'] = (weights, { elements, src, dst }, coordinates) => {
    const { tape } = coordinates;
    const arrows = arrowsAlong({ src, dst }, coordinates); // [edges, 3]
    const keepsAxis = true;
    const distances = norm(arrows, 1, keepsAxis); // [edges, 1]
    const directions = expandDims(div(arrows, distances), 2); // [edges, 3, 1]
    const basis = div(sin(mul(distances, tape.constant(frequencies))), distances); // [edges, waves]
    const fade = cosineCutoff(distances, cutoff); // [edges, 1]
    const [from, to] = [tape.constant(src), tape.constant(dst)];
    const mix = (layer: string, v: Value) => perAxis(v, weightOf(weights, `${layer}.weight`));

    let s = gather(weightOf(weights, 'embedding'), elements); // [atoms, hidden]
    let v = broadcastTo(tape.constant(0), [elements.length, 3, hidden]);
    for (let block = 0; block < interactions; block++) {
      const name = `interaction${block}`;

      // A message is a function of the source's scalars times a filter of the distance. It has three parts. The first is
      // added to the scalars of the target. The second scales the direction of the edge, and the third scales the vectors of
      // the source; both are added to the vectors of the target.
      const filter = mul(dense(weights, `${name}.filter`, basis), fade); // [edges, 3 hidden]
      const messages = perceptron(weights, `${name}.message`, s); // [atoms, 3 hidden]
      const [toScalars, alongEdge, passedOn] = thirds(mul(gather(messages, from), filter));
      const toVectors = add(
        mul(directions, expandDims(alongEdge, 1)),
        mul(gather(v, from), expandDims(passedOn, 1)),
      );
      s = add(s, segmentSum(toScalars, to, elements.length));
      v = add(v, segmentSum(toVectors, to, elements.length));

      // Each atom is then updated on its own. V and U are two linear mixes of its vectors. The scalars change by a function
      // of themselves and of the lengths of V, and by scaled scalar products of U and V. The vectors change by scaled U.
      const [mixedV, mixedU] = [mix(`${name}.mixV`, v), mix(`${name}.mixU`, v)]; // [atoms, 3, hidden]
      const lengths = sqrt(add(sum(square(mixedV), 1), epsilon)); // [atoms, hidden]
      const [change, product, scale] = thirds(perceptron(weights, `${name}.update`, concat([s, lengths], 1)));
      s = add(s, add(change, mul(product, sum(mul(mixedU, mixedV), 1))));
      v = add(v, mul(mixedU, expandDims(scale, 1)));
    }
    return { scalars: s, vectors: v };
  };

  const scorer = poseScorer((weights, graph, coordinates) =>
    perceptron(weights, 'readout', features(weights, graph, coordinates).scalars),
  );
  return { sizes, weights: initialWeights(weightShapes(sizes), seed), features, ...scorer };
}

/**
 * Returns the names and shapes of a network's parameters, in order.
 *
 * In each block, `filter` computes the filter of a distance, and `message1` and `message2` compute the messages of an atom.
 * `mixV` and `mixU` mix the vectors of an atom. They have no bias, because a bias would be a fixed direction in space.
 * `update1` and `update2` compute the update from scalars and lengths. `readout1` and `readout2` compute the energy of each
 * atom.
 */
export function weightShapes({ hidden, waves, interactions }: Sizes): WeightShapes {
  const block = (name: string): NamedShape[] => [
    ...denseShapes(`${name}.filter`, waves, 3 * hidden),
    ...denseShapes(`${name}.message1`, hidden, hidden),
    ...denseShapes(`${name}.message2`, hidden, 3 * hidden),
    [`${name}.mixV.weight`, [hidden, hidden]],
    [`${name}.mixU.weight`, [hidden, hidden]],
    ...denseShapes(`${name}.update1`, 2 * hidden, hidden),
    ...denseShapes(`${name}.update2`, hidden, 3 * hidden),
  ];
  return new Map([
    embeddingShape(hidden),
    ...Array.from({ length: interactions }, (_, k) => block(`interaction${k}`)).flat(),
    ...denseShapes('readout1', hidden, hidden / 2),
    ...denseShapes('readout2', hidden / 2, 1),
  ]);
}

/** Records two dense layers with silu between them, such as `readout1` and `readout2`. */
function perceptron(weights: WeightValues, name: string, x: Value): Value {
  return dense(weights, `${name}2`, silu(dense(weights, `${name}1`, x)));
}

/** Records v W for each of x, y and z. Vectors of shape [atoms, 3, inputs] become vectors of shape [atoms, 3, outputs]. */
function perAxis(v: Value, weight: Value): Value {
  const [atoms = 0, axes = 0, inputs = 0] = v.shape;
  const rows = matmul(reshape(v, [atoms * axes, inputs]), weight);
  return reshape(rows, [atoms, axes, ...rows.shape.slice(1)]);
}

/** Records the first, the second and the last third of the columns. */
function thirds(x: Value): [Value, Value, Value] {
  const [rows = 0, columns = 0] = x.shape;
  const third = (k: number) => slice(x, [0, (k * columns) / 3], [rows, ((k + 1) * columns) / 3]);
  return [third(0), third(1), third(2)];
}
