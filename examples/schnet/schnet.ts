import { type Tape, type Tensor, tensor, type Value } from 'posetape';
import {
  add,
  concat,
  cosineCutoff,
  expandDims,
  gather,
  gaussians,
  matmul,
  mul,
  norm,
  segmentSum,
  shiftedSoftplus,
  sub,
  sum,
} from 'posetape/ops';
import { groupGraph } from './group.ts';
import type { Edges } from './neighbours.ts';
import type { AtomGraph, Pose } from './pose.ts';
import { uniform } from './random.ts';

/** What fixes the shapes of a network. */
export interface Sizes {
  /** Features of an atom, an even number: the readout halves them. */
  readonly hidden: number;
  /** How many Gaussians, 2 or more, a distance is expanded in. They are spread evenly from 0 to the cutoff. */
  readonly gaussians: number;
  /** How often atoms exchange features with their neighbours. */
  readonly interactions: number;
  /** Å; from there on, atoms do not see each other. */
  readonly cutoff: number;
}

/** Rows of the embedding: atomic numbers are smaller than this. */
const elementRows = 100;

/** The parameters as numbers, by name. */
export type Weights = Readonly<Record<string, Tensor>>;

/** The parameters on a tape, by name. */
export type WeightValues = Readonly<Record<string, Value>>;

/** A graph whose edges have lengths: Å, shape [edges]. */
export interface MeasuredGraph extends AtomGraph {
  readonly distances: Value;
}

/** A network: parameters to begin with, and what to do with them. */
export interface SchNet {
  readonly sizes: Sizes;
  readonly weights: Readonly<Record<string, Tensor<Float64Array>>>;
  /** Records the energy of a graph, of shape [], from the lengths of its edges. */
  energy(tape: Tape, weights: WeightValues, graph: MeasuredGraph): Value;
  /**
   * Records ΔG_n of a pose, of shape []: the energy of ligand and pocket together, and if the pose says so, less those of
   * each alone.
   *
   * @param ligand the ligand's coordinates in Å, shape [ligand atoms, 3]; give them as a parameter to get forces
   */
  score(tape: Tape, weights: WeightValues, pose: Pose, ligand?: Value): Value;
  /**
   * Records ΔG_n of several poses with the ops of one graph, of shape [poses]: each is what `score` records of that pose.
   *
   * @example
   * const tape = new Tape();
   * const values = recordWeights(tape, weights);
   * const slopes = gradient(sum(scoreGroup(tape, values, poses)), Object.values(values)); // Σ_n ∂ΔG_n/∂w by weight w
   */
  scoreGroup(tape: Tape, weights: WeightValues, poses: readonly Pose[]): Value;
}

/**
 * SchNet, a network whose energy follows smoothly from where the atoms are and does not change when they are moved or
 * turned as a whole or listed in another order (Schütt et al., arXiv:1706.08566).
 *
 * Energies have the unit of what the network was fitted to; initial weights are random, so that they mean nothing.
 *
 * @param seed of the initial weights, a whole number from 1
 * @example
 * const { weights, score } = schnet({ hidden: 64, gaussians: 50, interactions: 3, cutoff: 10 });
 * const result = await combinePoses({ poses, params: weights, score, combination: boltzmann({ kT: 0.593 }) });
 */
export function schnet(sizes: Sizes, seed = 1): SchNet {
  const { cutoff, interactions } = sizes;
  const spacing = cutoff / (sizes.gaussians - 1);
  const centers = Array.from({ length: sizes.gaussians }, (_, k) => k * spacing);
  const gamma = 0.5 / spacing ** 2;

  /** Of shape [atoms, 1]. */
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

  const energy: SchNet['energy'] = (...graph) => sum(atomEnergies(...graph));

  const score: SchNet['score'] = (tape, weights, { ligand, pocket, complex, apart }, moved) => {
    const ligandAt = moved ?? tape.constant(ligand.coordinates);
    const pocketAt = tape.constant(pocket.coordinates);
    const energyAt = (graph: AtomGraph, coordinates: Value) =>
      energy(tape, weights, { ...graph, distances: distancesAlong(graph, coordinates) });
    const together = energyAt(complex, concat([ligandAt, pocketAt], 0));
    if (!apart) return together;
    return sub(sub(together, energyAt(apart.pocket, pocketAt)), energyAt(apart.ligand, ligandAt));
  };

  const scoreGroup: SchNet['scoreGroup'] = (tape, weights, poses) => {
    const { coordinates, partOf, poseOf, signs, ...graph } = groupGraph(poses);
    const distances = distancesAlong(graph, tape.constant(coordinates));
    const ofAtoms = sum(atomEnergies(tape, weights, { ...graph, distances }), 1);
    const ofParts = segmentSum(ofAtoms, partOf, signs.length);
    return segmentSum(mul(ofParts, tape.constant(signs)), poseOf, poses.length);
  };

  return { sizes, weights: initialWeights(sizes, seed), energy, score, scoreGroup };
}

/** Puts the weights on a tape, as parameters. `combinePoses` does so by itself. */
export function recordWeights(tape: Tape, weights: Weights): WeightValues {
  return Object.fromEntries(
    Object.entries(weights).map(([name, weight]) => [name, tape.parameter(weight, name)]),
  );
}

/**
 * The parameters of a network in their order: names and shapes.
 *
 * In each interaction block, `filter1` and `filter2` make a filter of each distance, which multiplies what `atomwise1`
 * makes of the features of the edge's source; `atomwise2` and `atomwise3` turn what arrives into new features. `readout1`
 * and `readout2` give the energy of each atom.
 */
export function weightShapes({
  hidden,
  gaussians,
  interactions,
}: Sizes): ReadonlyMap<string, readonly [number, number]> {
  const half = hidden / 2;
  const layer = (name: string, from: number, to: number) =>
    [[`${name}.weight`, [from, to]] as const, [`${name}.bias`, [1, to]] as const] as const;
  const block = (name: string) => [
    ...layer(`${name}.filter1`, gaussians, hidden),
    ...layer(`${name}.filter2`, hidden, hidden),
    [`${name}.atomwise1.weight`, [hidden, hidden]] as const,
    ...layer(`${name}.atomwise2`, hidden, hidden),
    ...layer(`${name}.atomwise3`, hidden, hidden),
  ];
  return new Map([
    ['embedding', [elementRows, hidden]],
    ...Array.from({ length: interactions }, (_, k) => block(`interaction${k}`)).flat(),
    ...layer('readout1', hidden, half),
    ...layer('readout2', half, 1),
  ]);
}

/**
 * Weights drawn evenly from ±√(6/(inputs + outputs)) (Glorot and Bengio, AISTATS 2010), biases 0. Rows of the embedding
 * are no matrix: their entries have variance 1.
 */
function initialWeights(sizes: Sizes, seed: number): SchNet['weights'] {
  const random = uniform(seed);
  const drawn = [...weightShapes(sizes)].map(([name, [inputs, outputs]]) => {
    const numbers = new Float64Array(inputs * outputs);
    const bound = name === 'embedding' ? Math.sqrt(3) : Math.sqrt(6 / (inputs + outputs));
    if (!name.endsWith('.bias')) for (const i of numbers.keys()) numbers[i] = bound * (2 * random() - 1);
    return [name, tensor(numbers, [inputs, outputs])] as const;
  });
  return Object.fromEntries(drawn);
}

/** How long the edges are: Å, shape [edges]. */
function distancesAlong({ src, dst }: Edges, coordinates: Value): Value {
  return norm(sub(gather(coordinates, src), gather(coordinates, dst)), 1);
}

/** x W, plus b where the layer has a bias. */
function dense(weights: WeightValues, layer: string, x: Value): Value {
  const product = matmul(x, weightOf(weights, `${layer}.weight`));
  const bias = weights[`${layer}.bias`];
  return bias ? add(product, bias) : product;
}

function weightOf(weights: WeightValues, name: string): Value {
  const weight = weights[name];
  if (!weight) throw new Error(`schnet: there is no weight ${name}`);
  return weight;
}
