import { type Tape, type Tensor, tensor, type Value } from 'posetape';
import { add, gather, matmul, norm, sub } from 'posetape/ops';
import type { Edges } from './neighbours.ts';
import { uniform } from './random.ts';

/** Parameters as tensors, by name. */
export type Weights = Readonly<Record<string, Tensor>>;

/** Parameters as values of a tape, by name. */
export type WeightValues = Readonly<Record<string, Value>>;

/** Initial parameters of a network, by name. */
export type InitialWeights = Readonly<Record<string, Tensor<Float64Array>>>;

/** Shapes of parameters by name, as [inputs, outputs]. A bias has one row. */
export type WeightShapes = ReadonlyMap<string, readonly [number, number]>;

/** Name and shape of a parameter. */
export type NamedShape = readonly [name: string, shape: readonly [number, number]];

/** Number of rows of the embedding. Atomic numbers must be smaller. */
export const elementRows = 100;

/** Returns the name and shape of the embedding, a table with a row of initial features for each element. */
export function embeddingShape(features: number): NamedShape {
  return ['embedding', [elementRows, features]];
}

/** Returns the names and shapes of a dense layer's weight and bias. */
export function denseShapes(layer: string, inputs: number, outputs: number): NamedShape[] {
  return [
    [`${layer}.weight`, [inputs, outputs]],
    [`${layer}.bias`, [1, outputs]],
  ];
}

/**
 * Draws initial weights. A weight matrix is uniform within ±√(6/(inputs + outputs)) (Glorot and Bengio, AISTATS 2010), the
 * embedding is uniform with variance 1, and biases are 0.
 *
 * @param seed a whole number from 1
 */
export function initialWeights(shapes: WeightShapes, seed: number): InitialWeights {
  const random = uniform(seed);
  const drawn = [...shapes].map(([name, [inputs, outputs]]) => {
    const numbers = new Float64Array(inputs * outputs);
    const bound = name === 'embedding' ? Math.sqrt(3) : Math.sqrt(6 / (inputs + outputs));
    if (!name.endsWith('.bias')) for (const i of numbers.keys()) numbers[i] = bound * (2 * random() - 1);
    return [name, tensor(numbers, [inputs, outputs])] as const;
  });
  return Object.fromEntries(drawn);
}

/** Records the weights on a tape as parameters. `combinePoses` does this for you. */
export function recordWeights(tape: Tape, weights: Weights): WeightValues {
  return Object.fromEntries(
    Object.entries(weights).map(([name, weight]) => [name, tape.parameter(weight, name)]),
  );
}

/**
 * Returns the weight of that name.
 *
 * @throws Error if there is none
 */
export function weightOf(weights: WeightValues, name: string): Value {
  const weight = weights[name];
  if (!weight) throw new Error(`there is no weight ${name}`);
  return weight;
}

/** Records x W, plus b if the layer has a bias. */
export function dense(weights: WeightValues, layer: string, x: Value): Value {
  const product = matmul(x, weightOf(weights, `${layer}.weight`));
  const bias = weights[`${layer}.bias`];
  return bias ? add(product, bias) : product;
}

/** Records the vector from the target of each edge to its source, in Å and of shape [edges, 3]. */
export function arrowsAlong({ src, dst }: Edges, coordinates: Value): Value {
  return sub(gather(coordinates, src), gather(coordinates, dst));
}

/** Records the lengths of the edges, in Å and of shape [edges]. */
export function distancesAlong(edges: Edges, coordinates: Value): Value {
  return norm(arrowsAlong(edges, coordinates), 1);
}
