import type { Value } from 'posetape';
import {
  add,
  cosineCutoff,
  div,
  expandDims,
  expm1,
  gather,
  gaussians,
  greater,
  matmul,
  maximum,
  minimum,
  mul,
  reshape,
  segmentSoftmax,
  segmentSum,
  sum,
  where,
} from 'posetape/ops';
import {
  dense,
  denseShapes,
  distancesAlong,
  embeddingShape,
  initialWeights,
  type NamedShape,
  type WeightShapes,
  weightOf,
} from '../networks/layers.ts';
import type { Edges } from '../networks/neighbours.ts';
import { type AtomEnergies, type Network, poseScorer } from '../networks/network.ts';

/** Sizes that fix the shapes of a network. */
export interface Sizes {
  /** Number of attention heads. */
  readonly heads: number;
  /** Features that an atom learns by each of them. heads · features must be even: the readout halves them. */
  readonly features: number;
  /** Number of Gaussians, 2 or more, that a distance is expanded in, spread evenly from 0 to the cutoff. */
  readonly gaussians: number;
  /** Number of rounds of messages between neighbours. */
  readonly layers: number;
  /** Å; from there on, atoms do not see each other. */
  readonly cutoff: number;
}

/** A graph attention network: parameters to begin with, and what to do with them. */
export interface Gat extends Network {
  readonly sizes: Sizes;
}

/**
 * A graph attention network (Veličković et al., arXiv:1710.10903). An atom takes the mean of what its neighbours and
 * itself have to say, with weights α that add up to 1 and depend on both atoms; each head has weights of its own:
 *
 *     xᵢ ← xᵢ + elu(Σⱼ αᵢⱼ W xⱼ)        αᵢⱼ ∝ fade(dᵢⱼ) exp(leakyRelu(a·W xⱼ + b·W xᵢ + c·gaussians(dᵢⱼ)))
 *
 * The paper's graphs have no distances: c is added here, and a factor by which neighbours fade before they are lost at the
 * cutoff, so that the energy is continuous in the coordinates. Forces jump where leakyRelu has its kink.
 *
 * @param seed of the initial weights, a whole number from 1
 * @example
 * const { weights, score } = gat({ heads: 4, features: 16, gaussians: 20, layers: 3, cutoff: 5 });
 * const result = await combinePoses({ poses, params: weights, score, combination: boltzmann({ kT: 0.593 }) });
 */
export function gat(sizes: Sizes, seed = 1): Gat {
  const { heads, features, cutoff } = sizes;
  const spacing = cutoff / (sizes.gaussians - 1);
  const centers = Array.from({ length: sizes.gaussians }, (_, k) => k * spacing);
  const gamma = 0.5 / spacing ** 2;

  const atomEnergies: AtomEnergies = (weights, { elements, ...others }, coordinates) => {
    const { tape } = coordinates;
    const atoms = elements.length;
    const edges = withLoops(others, atoms);
    const [from, to] = [tape.constant(edges.src), tape.constant(edges.dst)];
    const distances = distancesAlong(edges, coordinates);
    const basis = gaussians(distances, centers, gamma); // [edges, gaussians]
    const fade = expandDims(cosineCutoff(distances, cutoff), 1); // [edges, 1]

    let x = gather(weightOf(weights, 'embedding'), elements); // [atoms, heads · features]
    for (let layer = 0; layer < sizes.layers; layer++) {
      const weight = (name: string) => weightOf(weights, `layer${layer}.${name}`);
      const said = reshape(matmul(x, weight('weight')), [atoms, heads, features]);
      const [asSource, asTarget] = [sum(mul(said, weight('source')), 2), sum(mul(said, weight('target')), 2)];
      const byDistance = matmul(basis, weight('edge')); // [edges, heads]
      const logits = leakyRelu(add(add(gather(asSource, from), gather(asTarget, to)), byDistance));
      const attention = attentionOf(logits, fade, to, atoms); // [edges, heads]
      const heard = segmentSum(mul(gather(said, from), expandDims(attention, 2)), to, atoms);
      x = add(x, elu(reshape(heard, [atoms, heads * features])));
    }
    return dense(weights, 'readout2', elu(dense(weights, 'readout1', x)));
  };

  return { sizes, weights: initialWeights(weightShapes(sizes), seed), ...poseScorer(atomEnergies) };
}

/**
 * The parameters of a network in their order: names and shapes.
 *
 * In each layer, `weight` makes what the atoms have to say; `source` (a), `target` (b) and `edge` (c) how much each counts
 * for another. `readout1` and `readout2` give the energy of each atom.
 */
export function weightShapes({ heads, features, gaussians, layers }: Sizes): WeightShapes {
  const hidden = heads * features;
  const layer = (name: string): NamedShape[] => [
    [`${name}.weight`, [hidden, hidden]],
    [`${name}.source`, [heads, features]],
    [`${name}.target`, [heads, features]],
    [`${name}.edge`, [gaussians, heads]],
  ];
  return new Map([
    embeddingShape(hidden),
    ...Array.from({ length: layers }, (_, k) => layer(`layer${k}`)).flat(),
    ...denseShapes('readout1', hidden, hidden / 2),
    ...denseShapes('readout2', hidden / 2, 1),
  ]);
}

/** The edges, and one from each atom to itself, of length 0. */
function withLoops({ src, dst }: Edges, atoms: number): Edges {
  const loops = Array.from({ length: atoms }, (_, i) => i);
  return { src: Int32Array.from([...src, ...loops]), dst: Int32Array.from([...dst, ...loops]) };
}

/**
 * By head, the shares fade · eˡᵒᵍⁱᵗ of the edges that arrive at an atom, which add up to 1. An atom's edge to itself does
 * not fade; only where its logit lies some 700 below that of an edge which has faded (80 in float32) is there nothing left to share.
 */
function attentionOf(logits: Value, fade: Value, to: Value, atoms: number): Value {
  const shares = mul(segmentSoftmax(logits, to, atoms), fade);
  return div(shares, gather(segmentSum(shares, to, atoms), to));
}

/** x where it is positive, else x/5: the slope that the paper takes. */
function leakyRelu(x: Value): Value {
  return maximum(x, mul(0.2, x));
}

/** x where it is positive, else eˣ − 1. */
function elu(x: Value): Value {
  return where(greater(x, 0), x, expm1(minimum(x, 0)));
}
