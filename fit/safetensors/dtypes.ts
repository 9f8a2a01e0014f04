import type { TensorData } from '../../engine/index.ts';

/** A type of numbers in a safetensors file, with its reader. */
export interface Dtype {
  /** Bytes per number. */
  readonly size: number;
  /** Reads `length` numbers. @throws RangeError for a number that the array cannot hold exactly */
  readonly read: (bytes: DataView, length: number) => TensorData;
}

/** Types by name. */
export const dtypes: ReadonlyMap<string, Dtype> = new Map<string, Dtype>([
  ['F64', { size: 8, read: bytes => new Float64Array(copied(bytes)) }],
  ['F32', { size: 4, read: bytes => new Float32Array(copied(bytes)) }],
  ['F16', { size: 2, read: intoFloat32((bytes, at) => fromHalf(bytes.getUint16(at, true)), 2) }],
  ['BF16', { size: 2, read: brainFloats }],
  ['I32', { size: 4, read: bytes => new Int32Array(copied(bytes)) }],
  ['I16', { size: 2, read: intoInt32((bytes, at) => bytes.getInt16(at, true), 2) }],
  ['U16', { size: 2, read: intoInt32((bytes, at) => bytes.getUint16(at, true), 2) }],
  ['I8', { size: 1, read: intoInt32((bytes, at) => bytes.getInt8(at), 1) }],
  ['U8', { size: 1, read: intoInt32((bytes, at) => bytes.getUint8(at), 1) }],
  ['BOOL', { size: 1, read: intoInt32((bytes, at) => (bytes.getUint8(at) === 0 ? 0 : 1), 1) }],
  ['U32', { size: 4, read: intoFloat64((bytes, at) => bytes.getUint32(at, true), 4) }],
  ['I64', { size: 8, read: intoFloat64((bytes, at) => exactNumber(bytes.getBigInt64(at, true)), 8) }],
  ['U64', { size: 8, read: intoFloat64((bytes, at) => exactNumber(bytes.getBigUint64(at, true)), 8) }],
]);

/** Returns the name of the type in which an array is written. */
export function dtypeOf(data: TensorData): 'F64' | 'F32' | 'I32' {
  if (data instanceof Float64Array) return 'F64';
  return data instanceof Float32Array ? 'F32' : 'I32';
}

/** Copies the bytes to their own buffer. All platforms that run JavaScript are little-endian, as is the format. */
function copied({ buffer, byteOffset, byteLength }: DataView): ArrayBuffer {
  return (buffer as ArrayBuffer).slice(byteOffset, byteOffset + byteLength);
}

type ReadOne = (bytes: DataView, at: number) => number;

// Each of these three functions makes a reader of numbers of `size` bytes.
function intoFloat64(readOne: ReadOne, size: number): Dtype['read'] {
  return (bytes, length) => Float64Array.from({ length }, (_, i) => readOne(bytes, i * size));
}

function intoFloat32(readOne: ReadOne, size: number): Dtype['read'] {
  return (bytes, length) => Float32Array.from({ length }, (_, i) => readOne(bytes, i * size));
}

function intoInt32(readOne: ReadOne, size: number): Dtype['read'] {
  return (bytes, length) => Int32Array.from({ length }, (_, i) => readOne(bytes, i * size));
}

/** Reads bfloat16 numbers, which are the upper halves of float32 numbers. */
function brainFloats(bytes: DataView, length: number): Float32Array {
  const bits = Uint32Array.from({ length }, (_, i) => bytes.getUint16(2 * i, true) << 16);
  return new Float32Array(bits.buffer);
}

/** Converts a number of IEEE 754 half precision: a sign bit, 5 bits of exponent, and 10 bits of fraction. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const [exponent, fraction] = [(bits >> 10) & 0x1f, bits & 0x3ff];
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  // A subnormal number is fraction·2⁻²⁴.
  if (exponent === 0) return sign * fraction * 2 ** -24;
  // The number is (1 + fraction/1024)·2^(exponent − 15).
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** Converts a whole number. @throws RangeError unless its magnitude is below 2⁵³ */
function exactNumber(big: bigint): number {
  const number = Number(big);
  if (!Number.isSafeInteger(number))
    throw new RangeError(`holds ${big}, which is too large to be read exactly`);
  return number;
}
