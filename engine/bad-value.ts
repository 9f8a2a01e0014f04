import { compute } from './compute.ts';
import { type MatmulForm, matmulSizes } from './forms.ts';
import { interpreter } from './interpreter.ts';
import { sizeOf } from './shape.ts';
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

/**
 * The input that made entry `at` of `value` bad, and its own bad entry; none if the value went bad by itself. To blame is
 * what makes the entry bad with everything else that is bad mended: a branch not taken, or another row, is not.
 */
function blamedInput(
  value: Value,
  at: number,
  tensorOf: (value: Value) => Tensor,
): { input: Value; at: number } | undefined {
  const tensors = value.inputs.map(tensorOf);
  if (value.form.kind === 'matmul') return blamedFactor(value, value.form, tensors, at);
  const sound = tensors.map(tensor => mended(tensor));
  const isBadWith = (position: number, input: Tensor) => {
    const out = { data: new Float64Array(sizeOf(value.shape)), shape: value.shape };
    compute(value.form, sound.with(position, input), out);
    return !Number.isFinite(out.data[at]);
  };
  for (const [position, tensor] of tensors.entries()) {
    const suspects = [...tensor.data.keys()].filter(entry => !Number.isFinite(tensor.data[entry]));
    if (suspects.length === 0) continue;
    const areEnough = (count: number) =>
      isBadWith(position, mended(tensor, new Set(suspects.slice(0, count))));
    // The first that, together with those before it, makes the result bad: most often the very first.
    let [few, enough] = areEnough(1) ? [0, 1] : [1, suspects.length];
    if (few === 1 && !isBadWith(position, tensor)) continue;
    while (enough - few > 1) {
      const middle = Math.floor((few + enough) / 2);
      if (areEnough(middle)) enough = middle;
      else few = middle;
    }
    return { input: value.inputs[position] as Value, at: suspects[few] as number };
  }
  return undefined;
}

/** Any bad number spoils the product that it enters, so those that entry `at` reads need only be looked at. */
function blamedFactor(
  { inputs, shape }: Value,
  form: MatmulForm,
  tensors: readonly Tensor[],
  at: number,
): { input: Value; at: number } | undefined {
  const [a, b] = tensors as readonly [Tensor, Tensor];
  const { m, k, n } = matmulSizes(form, a.shape, b.shape);
  const [row, column] = [Math.floor(at / n) % m, at % n];
  const batch = Math.floor(at / sizeOf(shape.slice(-2)));
  for (let l = 0; l < k; l++) {
    const entries = [
      batch * m * k + (form.transposeA ? l * m + row : row * k + l),
      batch * k * n + (form.transposeB ? column * k + l : l * n + column),
    ];
    for (const [position, entry] of entries.entries()) {
      if (!Number.isFinite(tensors[position]?.data[entry]))
        return { input: inputs[position] as Value, at: entry };
    }
  }
  return undefined;
}

/** The tensor with 1 for all that is not finite, but where it shall stay. */
function mended(tensor: Tensor, staying?: ReadonlySet<number>): Tensor {
  if (firstBad(tensor) < 0) return tensor;
  const data = Float64Array.from(tensor.data, (entry, position) =>
    Number.isFinite(entry) || staying?.has(position) ? entry : 1,
  );
  return { data, shape: tensor.shape };
}
