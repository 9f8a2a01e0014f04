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
  /** Features of an atom, an even number: so many scalars, and as many vectors. The readout halves them. */
  readonly hidden: number;
  /** Number of waves that a distance is expanded in. */
  readonly waves: number;
  /** Number of rounds of messages between neighbours. */
  readonly interactions: number;
  /** Å; from there on, atoms do not see each other. */
  readonly cutoff: number;
}

/** Features of each atom. */
export interface Features {
  /** Numbers that stay when the atoms are turned, shape [atoms, hidden]. */
  readonly scalars: Value;
  /** Vectors that turn with the atoms, shape [atoms, 3, hidden]: x, y and z of each feature. */
  readonly vectors: Value;
}

/** A PaiNN: parameters to begin with, and what to do with them. */
export interface PaiNN extends Network {
  readonly sizes: Sizes;
  /**
   * Records the features of the atoms after the last block.
   *
   * @param coordinates Å, shape [atoms, 3]
   */
  features(weights: WeightValues, graph: AtomGraph, coordinates: Value): Features;
}

/** The ε of a vector's length √(|v|² + ε), which is smooth at 0 too, as in the authors' program (schnetpack 2.0, `PaiNNMixing`). */
const epsilon = 1e-8;

/**
 * PaiNN, a network whose atoms have vectors beside numbers (Schütt, Unke and Gastegger, arXiv:2102.03150). Vectors turn
 * with the atoms, as they are only added, mixed with each other and multiplied by numbers; numbers stay, as they learn of
 * vectors only by lengths and scalar products. So the energy is the same however the atoms are turned, mirrored, moved or
 * listed, and still it depends on angles, which no sum over distances shows.
 *
 * Two atoms in one place have no direction between them: such an energy is NaN.
 *
 * @param seed of the initial weights, a whole number from 1
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
    const distances = norm(arrows, 1, true); // [edges, 1]
    const directions = expandDims(div(arrows, distances), 2); // [edges, 3, 1]
    const basis = div(sin(mul(distances, tape.constant(frequencies))), distances); // [edges, waves]
    const fade = cosineCutoff(distances, cutoff); // [edges, 1]
    const [from, to] = [tape.constant(src), tape.constant(dst)];
    const ofVectors = (layer: string, v: Value) => eachAxis(v, weightOf(weights, `${layer}.weight`));

    let s = gather(weightOf(weights, 'embedding'), elements); // [atoms, hidden]
    let v = broadcastTo(tape.constant(0), [elements.length, 3, hidden]);
    for (let block = 0; block < interactions; block++) {
      const name = `interaction${block}`;

      // Messages: a filter of the distance times what the source has to say. Its three parts change the scalars, add
      // the direction of the edge to the vectors, and pass on the vectors of the source.
      const filter = mul(dense(weights, `${name}.filter`, basis), fade); // [edges, 3 hidden]
      const said = perceptron(weights, `${name}.message`, s); // [atoms, 3 hidden]
      const [toScalars, alongEdge, passedOn] = thirds(mul(gather(said, from), filter));
      const sent = add(
        mul(directions, expandDims(alongEdge, 1)),
        mul(gather(v, from), expandDims(passedOn, 1)),
      );
      s = add(s, segmentSum(toScalars, to, elements.length));
      v = add(v, segmentSum(sent, to, elements.length));

      // Update: within an atom, the lengths of vectors V enter the scalars, and so do scalar products of V and U; U,
      // multiplied by numbers, is added to the vectors.
      const [mixedV, mixedU] = [ofVectors(`${name}.mixV`, v), ofVectors(`${name}.mixU`, v)]; // [atoms, 3, hidden]
      const lengths = sqrt(add(sum(square(mixedV), 1), epsilon)); // [atoms, hidden]
      const [own, product, scale] = thirds(perceptron(weights, `${name}.update`, concat([s, lengths], 1)));
      s = add(s, add(own, mul(product, sum(mul(mixedU, mixedV), 1))));
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
 * The parameters of a network in their order: names and shapes.
 *
 * In each block, `filter` turns the waves of a distance, `message1` and `message2` the scalars of the edge's source, into
 * what is sent; `mixV` and `mixU` mix the vectors of an atom with each other, without a bias, which would point somewhere;
 * `update1` and `update2` make the update of scalars and lengths. `readout1` and `readout2` give the energy of each atom.
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

/** Two dense layers with silu between them, such as `readout1` and `readout2`. */
function perceptron(weights: WeightValues, name: string, x: Value): Value {
  return dense(weights, `${name}2`, silu(dense(weights, `${name}1`, x)));
}

/** V W for x, y and z alike: vectors of shape [atoms, 3, inputs] become [atoms, 3, outputs]. */
function eachAxis(v: Value, weight: Value): Value {
  const [atoms = 0, axes = 0, inputs = 0] = v.shape;
  const rows = matmul(reshape(v, [atoms * axes, inputs]), weight);
  return reshape(rows, [atoms, axes, ...rows.shape.slice(1)]);
}

/** The first, second and last third of the columns. */
function thirds(x: Value): [Value, Value, Value] {
  const [rows = 0, columns = 0] = x.shape;
  const third = (k: number) => slice(x, [0, (k * columns) / 3], [rows, ((k + 1) * columns) / 3]);
  return [third(0), third(1), third(2)];
}
