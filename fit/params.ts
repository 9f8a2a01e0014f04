import { type Base64, float64FromBase64, float64ToBase64 } from '../combine/base64.ts';
import type { Params } from '../combine/index.ts';
import { type Shape, type Tensor, tensor } from '../engine/index.ts';

/** Parameters after a step: the same names and shapes, in new float64 tensors. */
export type Fitted<P extends Params> = { readonly [Name in keyof P]: Tensor<Float64Array> };

/** A tensor as JSON. Its numbers are base64 of their float64 bytes, so a round trip changes no bit. */
export interface SavedTensor {
  /** Length of each axis. */
  readonly shape: Shape;
  /** Its numbers, as base64 of their float64 bytes. */
  readonly data: Base64;
}

/** Tensors as JSON, by name. */
export type SavedTensors = Readonly<Record<string, SavedTensor>>;

/** Copies the parameters, in float64. */
export function copyOf<P extends Params>(params: P): Fitted<P> {
  return mapParams(params, ({ data }) => Float64Array.from(data));
}

/** Returns parameters of the same names and shapes, with the numbers that `numbers` returns. */
export function mapParams<P extends Params>(
  params: P,
  numbers: (tensor: Tensor, name: string) => Float64Array,
): Fitted<P> {
  const mapped = Object.entries<Tensor>(params).map(([name, param]) => [
    name,
    tensor(numbers(param, name), param.shape),
  ]);
  return Object.fromEntries(mapped) as Fitted<P>;
}

/** Writes tensors as JSON. */
export function saveTensors(params: Readonly<Record<string, Tensor<Float64Array>>>): SavedTensors {
  const saved = Object.entries(params).map(([name, { data, shape }]) => [
    name,
    { shape: [...shape], data: float64ToBase64(data) },
  ]);
  return Object.fromEntries(saved);
}

/** Reads tensors from JSON. @throws RangeError unless they have the names and shapes of `like` */
export function loadTensors<P extends Params>(owner: string, saved: SavedTensors, like: P): Fitted<P> {
  for (const name of Object.keys(Object(saved)))
    if (!Object.hasOwn(like, name)) throw new RangeError(`${owner}: there is no parameter ${name}`);
  return mapParams(like, ({ shape, data }, name) => {
    const entry = Object.hasOwn(Object(saved), name) ? saved[name] : undefined;
    if (!entry) throw new RangeError(`${owner}: parameter ${name} is missing`);
    if (`${entry.shape}` !== `${shape}`)
      throw new RangeError(`${owner}: parameter ${name} has shape [${entry.shape}], not [${shape}]`);
    return loadNumbers(`${owner}: parameter ${name}`, entry.data, data.length);
  });
}

/** Decodes numbers from base64. @throws RangeError unless there are `length` numbers */
export function loadNumbers(owner: string, text: Base64, length: number): Float64Array {
  const numbers = typeof text === 'string' ? float64FromBase64(text) : undefined;
  if (numbers?.length !== length) throw new RangeError(`${owner} is not ${length} numbers in base64`);
  return numbers;
}
