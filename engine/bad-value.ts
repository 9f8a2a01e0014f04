import { interpreter } from './executors/interpreter.ts';
import { numbers } from './scalar.ts';
import { broadcastStrides, sizeOf, stridesOf } from './shape.ts';
import { describe, type Value } from './tape.ts';
import type { Tensor } from './tensor.ts';

/**
 * Where a NaN or an infinity came from: the oldest value that made `bad` bad, in words. It is sought backwards from the
 * bad result, because a branch not taken may hold NaN without harm; and by a second run in float64 that keeps every
 * value, so only a pose that failed pays for it.
 */
export function originOfBadValue(bad: Value): string {
  const values = bad.tape.values.slice(0, bad.id + 1);
  const tensors = interpreter().run(values);
  const tensorOf = (value: Value) => tensors[value.id] as Tensor;

  let culprit = bad;
  let at = firstBad(tensorOf(bad));
  if (at < 0) return `only in ${bad.op.name} at the executor's precision; in float64 every value is finite`;
  for (;;) {
    const earlier = blamedInput(culprit, at, tensorOf);
    if (!earlier) break;
    [culprit, at] = [earlier.input, earlier.at];
  }
  const number = tensorOf(culprit).data[at];
  const inputs = culprit.inputs.map(input => `%${input.id}`).join(', ');
  const position = sizeOf(culprit.shape) === 1 ? '' : ` at position ${at}`;
  return `${describe(culprit)}${inputs && ` of (${inputs})`} is ${number}${position}`;
}

function firstBad({ data }: Tensor): number {
  return data.findIndex(entry => !Number.isFinite(entry));
}

/** The input that made entry `at` of `value` bad, and its own bad entry; none if the value went bad by itself. */
function blamedInput(
  value: Value,
  at: number,
  tensorOf: (value: Value) => Tensor,
): { input: Value; at: number } | undefined {
  const { form, inputs } = value;
  if (form.kind !== 'map') {
    for (const input of inputs) {
      const found = firstBad(tensorOf(input));
      if (found >= 0) return { input, at: found };
    }
    return undefined;
  }
  // An input is to blame if the entry is bad with all other bad inputs mended: a branch not taken is not.
  const positions = inputs.map(input => positionIn(input, value, at));
  const entries = inputs.map((input, k) => tensorOf(input).data[positions[k] as number] as number);
  for (const [k, input] of inputs.entries()) {
    if (Number.isFinite(entries[k])) continue;
    const mended = entries.map((entry, other) => (other === k || Number.isFinite(entry) ? entry : 1));
    if (!Number.isFinite(form.expression(numbers, ...mended))) return { input, at: positions[k] as number };
  }
  return undefined;
}

/** Which entry of a broadcasting input entry `at` of a map reads. */
function positionIn(input: Value, value: Value, at: number): number {
  const strides = broadcastStrides(input.shape, value.shape);
  return stridesOf(value.shape).reduce((position, stride, axis) => {
    const along = Math.floor(at / stride) % (value.shape[axis] as number);
    return position + along * (strides[axis] as number);
  }, 0);
}
