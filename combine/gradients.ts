import type { Tensor } from '../engine/tensor.ts';
import { addScaled } from './accumulator.ts';
import type { Params, Tensors } from './params.ts';

/** Gradients by parameter name. */
export type Gradients = Record<string, Tensor<Float64Array>>;

/** Makes a gradient of zeros. */
export function zerosOf(params: Params): Gradients {
  return Object.fromEntries(
    Object.entries(params).map(([name, { shape, data }]) => {
      return [name, { data: new Float64Array(data.length), shape }];
    }),
  );
}

/** Adds factor · slopes to a gradient, for the parameters that `slopes` has. */
export function addTo(gradient: Gradients, factor: number, slopes: Tensors): void {
  for (const [name, { data }] of Object.entries(slopes)) addScaled(gradient[name]?.data, factor, data, 0);
}
