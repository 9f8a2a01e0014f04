import type { Tensor } from '../../engine/index.ts';
import { dtypeOf, dtypes } from './dtypes.ts';

/**
 * Writes tensors as a safetensors file, which PyTorch and other libraries read: Float64Array as F64, Float32Array as
 * F32, Int32Array as I32. A round trip changes no bit. As in the format's own library, tensors with the
 * most bytes per number come first, and tensors with equally many are sorted by name. The numbers of the file
 * begin at a multiple of eight bytes.
 *
 * @throws TypeError for a value that is not a tensor, or metadata that is not a string; RangeError for a tensor named
 * `__metadata__`
 * @example
 * await writeFile('model.safetensors', writeSafetensors(params, { metadata: { epochs: '100' } }));
 */
export function writeSafetensors(
  tensors: Readonly<Record<string, Tensor>>,
  options: { readonly metadata?: Readonly<Record<string, string>> } = {},
): ReturnType<Uint8ArrayConstructor['of']> {
  const { metadata } = options;
  for (const [key, value] of Object.entries(metadata ?? {}))
    if (typeof value !== 'string') throw new TypeError(`writeSafetensors: metadata ${key} is not a string`);
  if (Object.hasOwn(tensors, '__metadata__'))
    throw new RangeError('writeSafetensors: no tensor can have the name __metadata__');
  const entries = Object.entries(tensors).map(([name, tensor]) => {
    if (!(ArrayBuffer.isView(tensor?.data) && Array.isArray(tensor.shape)))
      throw new TypeError(`writeSafetensors: ${name} is not a tensor`);
    const dtype = dtypeOf(tensor.data);
    return { name, dtype, size: dtypes.get(dtype)?.size as number, ...tensor };
  });
  entries.sort((a, b) => b.size - a.size || (a.name < b.name ? -1 : 1));
  let at = 0;
  const listed = entries.map(({ name, dtype, shape, data }) => {
    const begin = at;
    at += data.byteLength;
    return [name, { dtype, shape, data_offsets: [begin, at] }];
  });
  const json = JSON.stringify(
    Object.fromEntries([...(metadata ? [['__metadata__', metadata]] : []), ...listed]),
  );
  const header = new TextEncoder().encode(json);
  const length = Math.ceil(header.length / 8) * 8;
  // The header is padded with spaces (0x20).
  const file = new Uint8Array(8 + length + at).fill(0x20, 8, 8 + length);
  new DataView(file.buffer).setBigUint64(0, BigInt(length), true);
  file.set(header, 8);
  let to = 8 + length;
  for (const { data } of entries) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), to);
    to += data.byteLength;
  }
  return file;
}
