import { type Axes, axesOf, checkValue, showShape, type Value, withoutAxes } from '../op.ts';
import { reshape } from './reshape.ts';

/**
 * The value without its axes of length 1: the given axes or, by default, all of them.
 *
 * @throws RangeError if a given axis has another length
 */
export function squeeze(a: Value, axis?: Axes): Value {
  checkValue('squeeze', a);
  const single = a.shape.flatMap((length, along) => (length === 1 ? [along] : []));
  const axes = axis === undefined ? single : axesOf('squeeze', axis, a);
  const wrong = axes.find(along => a.shape[along] !== 1);
  if (wrong !== undefined) {
    throw new RangeError(`squeeze: ${showShape(a.shape)}: axis ${wrong} has length ${a.shape[wrong]}, not 1`);
  }
  return reshape(a, withoutAxes(a.shape, axes));
}
