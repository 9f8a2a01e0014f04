import { type Tape, type Tensor, tensor, type Value } from 'posetape';
import { add, gather, matmul, norm, sub } from 'posetape/ops';
import type { Edges } from './neighbours.ts';
import { uniform } from './random.ts';

/** The parameters as numbers, by name. */
export type Weights = Readonly<Record<string, Tensor>>;

/** The parameters on a tape, by name. */
export type WeightValues = Readonly<Record<string, Value>>;

/** The parameters that a network begins with. */
export type InitialWeights = Readonly<Record<string, Tensor<Float64Array>>>;

/** The shape of a parameter, by its name: inputs, then outputs. A bias has one row. */
export type WeightShapes = ReadonlyMap<string, readonly [number, number]>;

/** The name and the shape of a parameter. */
export type NamedShape = readonly [name: string, shape: readonly [number, number]];

/** Rows of the embedding: atomic numbers are smaller than this. */
export const elementRows = 100;

/** The table that has the first features of each element. */
export function embeddingShape(features: number): NamedShape {
  return ['embedding', [elementRows, features]];
}

/** A dense layer's weight and bias. */
export function denseShapes(layer: string, inputs: number, outputs: number): NamedShape[] {
  return [
    [`${layer}.weight`, [inputs, outputs]],
    [`${layer}.bias`, [1, outputs]],
  ];
}

/**
 * Weights drawn evenly from ±√(6/(inputs + outputs)) (Glorot and Bengio, AISTATS 2010), biases 0. Rows of the embedding
 * are no matrix: their entries have variance 1.
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

/** Puts the weights on a tape, as parameters. `combinePoses` does so by itself. */
export function recordWeights(tape: Tape, weights: Weights): WeightValues {
  return Object.fromEntries(
    Object.entries(weights).map(([name, weight]) => [name, tape.parameter(weight, name)]),
  );
}

/** The weight of that name. */
export function weightOf(weights: WeightValues, name: string): Value {
  const weight = weights[name];
  if (!weight) throw new Error(`there is no weight ${name}`);
  return weight;
}

/** x W, plus b where the layer has a bias. */
export function dense(weights: WeightValues, layer: string, x: Value): Value {
  const product = matmul(x, weightOf(weights, `${layer}.weight`));
  const bias = weights[`${layer}.bias`];
  return bias ? add(product, bias) : product;
}

/** From the end of each edge to its start: Å, shape [edges, 3]. */
export function arrowsAlong({ src, dst }: Edges, coordinates: Value): Value {
  return sub(gather(coordinates, src), gather(coordinates, dst));
}

/** Lengths of the edges: Å, shape [edges]. */
export function distancesAlong(edges: Edges, coordinates: Value): Value {
  return norm(arrowsAlong(edges, coordinates), 1);
}
