import type { Value } from './tape.ts';
import type { Tensor } from './tensor.ts';

/** False for index data, which an executor neither computes nor converts to its precision; true for other values. */
export const isComputed = ({ dtype }: Value): boolean => dtype !== 'index';

/**
 * Copies the index data among the wanted values, unchanged whatever the executor's precision. Returns a function that
 * inserts the copies among the tensors of the other wanted values.
 */
export function copyIndices(wanted: readonly Value[]): (computed: readonly Tensor[]) => Tensor[] {
  const copies = wanted.map(value => {
    if (isComputed(value) || value.form.kind !== 'constant') return undefined;
    return { data: value.form.tensor.data.slice(), shape: value.shape };
  });
  return computed => {
    let next = 0;
    return copies.map(copy => copy ?? (computed[next++] as Tensor));
  };
}
