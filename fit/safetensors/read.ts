import { type Tensor, tensor } from '../../engine/index.ts';
import { type Dtype, dtypes } from './dtypes.ts';
import { repeatedKeyOf } from './repeated-key.ts';

/** The contents of a safetensors file. */
export interface Safetensors {
  /** The tensors by name. */
  readonly tensors: Record<string, Tensor>;
  /** The file's `__metadata__`. */
  readonly metadata: Record<string, string>;
}

/** Length of the longest header that the format allows, in bytes. */
const longestHeader = 100_000_000;

/** A tensor's entry in the header. */
interface Entry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads a safetensors file (https://huggingface.co/docs/safetensors): eight bytes with the header's length, a header in JSON,
 * and the numbers.
 *
 * F64 becomes Float64Array; F32, F16 and BF16 Float32Array; I32, I16, I8, U16, U8 and BOOL Int32Array; U32, I64 and U64
 * Float64Array, with an error for a number of magnitude 2⁵³ or more. Tensors are copies.
 *
 * @throws RangeError naming the violation of the format: bytes that belong to no tensor or to two, a length that does
 * not fit the shape, a repeated name, a type not listed above
 * @example
 * const { tensors } = readSafetensors(await readFile('model.safetensors'));
 */
export function readSafetensors(file: Uint8Array): Safetensors {
  if (!(file instanceof Uint8Array)) throw new TypeError('readSafetensors: the file must be a Uint8Array');
  if (file.length < 8) throw formatError(`${file.length} bytes are too few for the length of a header`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const declared = view.getBigUint64(0, true);
  if (declared > longestHeader)
    throw formatError(`the header should have ${declared} bytes, but at most ${longestHeader} are allowed`);
  const length = Number(declared);
  if (length > file.length - 8)
    throw formatError(`the header should have ${length} bytes, but only ${file.length - 8} follow`);
  const header = headerOf(file.subarray(8, 8 + length));
  const metadata = metadataOf(header.__metadata__);
  const size = file.length - 8 - length;
  const entries = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, entry]) => entryOf(name, entry));
  checkCover(entries, size);
  const tensors = entries.map(({ name, dtype, shape, begin, end }) => {
    const bytes = new DataView(file.buffer, file.byteOffset + 8 + length + begin, end - begin);
    try {
      return [name, tensor(dtype.read(bytes, (end - begin) / dtype.size) as Float64Array, shape)] as const;
    } catch (error) {
      throw formatError(`${shown(name)} ${(error as Error).message}`);
    }
  });
  return { tensors: Object.fromEntries(tensors), metadata };
}

function headerOf(bytes: Uint8Array): Record<string, unknown> {
  if (bytes[0] !== 0x7b) throw formatError('the header does not begin with {');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw formatError('the header is not UTF-8');
  }
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (error) {
    throw formatError(`the header is not JSON: ${shown((error as Error).message)}`);
  }
  const repeated = repeatedKeyOf(text);
  if (repeated !== undefined) throw formatError(`the header has ${shown(repeated)} twice`);
  return header as Record<string, unknown>;
}

function metadataOf(metadata: unknown): Record<string, string> {
  if (metadata === undefined) return {};
  if (!isRecord(metadata)) throw formatError('__metadata__ is not a map of strings');
  for (const [key, value] of Object.entries(metadata))
    if (typeof value !== 'string') throw formatError(`__metadata__.${shown(key)} is not a string`);
  return metadata as Record<string, string>;
}

function entryOf(name: string, entry: unknown): Entry {
  const who = shown(name);
  if (!isRecord(entry)) throw formatError(`${who} is not a map of dtype, shape and data_offsets`);
  for (const key of Object.keys(entry))
    if (!['dtype', 'shape', 'data_offsets'].includes(key))
      throw formatError(`${who} has an unknown field ${shown(key)}`);
  const { dtype: type, shape, data_offsets: offsets } = entry;
  const dtype = typeof type === 'string' ? dtypes.get(type) : undefined;
  if (!dtype)
    throw formatError(`${who} has dtype ${shown(type)}; supported are ${[...dtypes.keys()].join(', ')}`);
  if (!areCounts(shape))
    throw formatError(`${who} has shape ${shown(shape)}, which is not a list of whole numbers`);
  if (!areCounts(offsets) || offsets.length !== 2)
    throw formatError(`${who} has data_offsets ${shown(offsets)}, which are not two whole numbers`);
  const [begin, end] = offsets as [number, number];
  const size = shape.reduce((product, axis) => product * axis, dtype.size);
  if (size !== end - begin)
    throw formatError(
      `${who} has ${end - begin} bytes, but shape [${shown(shape.join(', '))}] of ${type} takes ${size}`,
    );
  return { name, dtype, shape, begin, end };
}

/** @throws RangeError unless each byte belongs to exactly one tensor */
function checkCover(entries: readonly Entry[], size: number): void {
  let covered = 0;
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== covered)
      throw formatError(
        `${shown(name)} begins at byte ${begin} of the numbers, but must begin at ${covered}`,
      );
    covered = end;
  }
  if (covered !== size) throw formatError(`the tensors take ${covered} bytes, but there are ${size}`);
}

/** True for a list of whole numbers from 0. */
function areCounts(value: unknown): value is number[] {
  return (
    Array.isArray(value) &&
    value.every(count => Number.isSafeInteger(count) && count >= 0 && !Object.is(count, -0))
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Shows a value in at most 61 characters, not counting the escapes of control characters. */
function shown(thing: unknown): string {
  const text = typeof thing === 'string' ? thing : (JSON.stringify(thing) ?? 'missing');
  const short = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return short.replaceAll(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function formatError(what: string): RangeError {
  return new RangeError(`readSafetensors: ${what}`);
}
