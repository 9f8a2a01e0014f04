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
  /** Number of features of an atom per head. heads · features must be even: the readout halves them. */
  readonly features: number;
  /** Number of Gaussians, at least 2, in which a distance is expanded. They are spread evenly from 0 to the cutoff. */
  readonly gaussians: number;
  /** Number of rounds of messages between neighbours. */
  readonly layers: number;
  /** Cutoff in Å. Atoms at this distance or more do not interact. */
  readonly cutoff: number;
}

/** Graph attention network: its initial weights and its scorers. */
export interface Gat extends Network {
  readonly sizes: Sizes;
}

/**
 * Returns a graph attention network (Veličković et al., arXiv:1710.10903). In each layer, an atom's features change by a
 * function of the weighted mean of messages from its neighbours and from itself. Each attention head has its own weights α.
 * The weights of an atom's messages sum to 1, and each depends on both atoms:
 *
 *     xᵢ ← xᵢ + elu(Σⱼ αᵢⱼ W xⱼ)        αᵢⱼ ∝ fade(dᵢⱼ) exp(leakyRelu(a·W xⱼ + b·W xᵢ + c·gaussians(dᵢⱼ)))
 *
 * The graphs of the paper have no distances. This network adds the term with c and the factor fade. Since fade is 0 at the
 * cutoff, the energy is continuous in the coordinates. Forces are not: they jump at the kink of leakyRelu.
 *
 * @param seed seed of the initial weights, a whole number from 1
 * @example
 * const { weights, score } = gat({ heads: 4, features: 16, gaussians: 20, layers: 3, cutoff: 5 });
 * const result = await combinePoses({ poses, params: weights, score, combination: boltzmann({ kT: 0.593 }) });
 */
export function gat(sizes: Sizes, seed = 1): Gat {
  const { heads, features, cutoff } = sizes;
  const spacing = cutoff / (sizes.gaussians - 1);
  const centers = Array.from({ length: sizes.gaussians }, (_, k) => k * spacing);
  const gamma = 0.5 / spacing ** 2; // standard deviation equal to the spacing

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
      const messages = reshape(matmul(x, weight('weight')), [atoms, heads, features]);
      const asSource = sum(mul(messages, weight('source')), 2); // [atoms, heads]
      const asTarget = sum(mul(messages, weight('target')), 2); // [atoms, heads]
      const byDistance = matmul(basis, weight('edge')); // [edges, heads]
      const logits = leakyRelu(add(add(gather(asSource, from), gather(asTarget, to)), byDistance));
      const attention = attentionOf(logits, fade, to, atoms); // [edges, heads]
      const received = segmentSum(mul(gather(messages, from), expandDims(attention, 2)), to, atoms);
      x = add(x, elu(reshape(received, [atoms, heads * features])));
    }
    return dense(weights, 'readout2', elu(dense(weights, 'readout1', x)));
  };

  return { sizes, weights: initialWeights(weightShapes(sizes), seed), ...poseScorer(atomEnergies) };
}

/**
 * Returns the names and shapes of a network's parameters, in order.
 *
 * In each layer, `weight` (W) computes the messages. `source` (a), `target` (b) and `edge` (c) compute the attention weights
 * of the messages. After the last layer, `readout1` and `readout2` compute the energy of each atom.
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

/** Returns the edges, followed by an edge of length 0 from each atom to itself. */
function withLoops({ src, dst }: Edges, atoms: number): Edges {
  const loops = Array.from({ length: atoms }, (_, i) => i);
  return { src: Int32Array.from([...src, ...loops]), dst: Int32Array.from([...dst, ...loops]) };
}

/**
 * Returns the attention of each edge and head: fade · eˡᵒᵍⁱᵗ, divided by its sum over the edges that end in the same atom.
 * That sum is positive, because the edge from an atom to itself has fade 1. The exception is an edge with fade 0 whose logit
 * is about 700 (in float32 about 80) above that of the atom's edge to itself: then the sum underflows to 0.
 */
function attentionOf(logits: Value, fade: Value, to: Value, atoms: number): Value {
  const shares = mul(segmentSoftmax(logits, to, atoms), fade);
  return div(shares, gather(segmentSum(shares, to, atoms), to));
}

/** Records x where x is positive, and 0.2 x elsewhere. The paper uses the same slope 0.2. */
function leakyRelu(x: Value): Value {
  return maximum(x, mul(0.2, x));
}

/** Records x where x is positive, and eˣ − 1 elsewhere. */
function elu(x: Value): Value {
  return where(greater(x, 0), x, expm1(minimum(x, 0)));
}
