import { type Tensor, tensor } from 'posetape';
import { readSafetensors, writeSafetensors } from 'posetape/fit';
import type { Weights } from '../../examples/networks/layers.ts';
import { weightShapes } from '../../examples/schnet/schnet.ts';
import { vinaWeights } from '../../examples/vina/score.ts';
import { poolingNames } from '../command/poolings.ts';
import { isGeometricLayout } from './geometric.ts';
import { type SavedModel, scorerNames } from './saved-model.ts';
import { checkedSettings, entryOf, fewestWeights } from './settings.ts';

/** Name of the offset among the tensors of a file. */
const offsetName = 'offset';

/**
 * Returns a model as the bytes of a safetensors file. Numbers are stored as float64, without loss. The file's `__metadata__`
 * contains the name of the scorer and, as JSON, the settings of a network and the pooling.
 */
export function modelToSafetensors({
  scorer,
  settings,
  weights,
  offset,
  pooling,
}: SavedModel): Uint8Array<ArrayBuffer> {
  return writeSafetensors(offset ? { ...weights, [offsetName]: offset } : weights, {
    metadata: {
      format: 'posetape model 1',
      scorer,
      ...(settings && { settings: JSON.stringify(settings) }),
      ...(pooling && { pooling: JSON.stringify(pooling) }),
    },
  });
}

/**
 * Returns the model in a file that {@link modelToSafetensors} wrote.
 *
 * @param file name of the file, for messages
 * @throws Error that names the file, if it is not a safetensors file or not a model, or if a weight is missing, unknown,
 * misshapen or not finite
 */
export function modelFromSafetensors(bytes: Uint8Array, file: string): SavedModel {
  const { tensors, metadata } = readTensors(bytes, file);
  if (metadata.scorer === undefined && isGeometricLayout(tensors)) {
    throw new Error(
      `${file}: expected a model that fit wrote, found a SchNet of PyTorch Geometric; ` +
        'convert it first: npm start -- convert --help',
    );
  }
  const scorer = scorerNames.find(name => name === metadata.scorer);
  if (scorer === undefined) {
    throw new Error(
      `${file}: expected a model that fit wrote, with ${scorerNames.join(' or ')} as scorer in its metadata`,
    );
  }
  const pooling = metadata.pooling === undefined ? undefined : poolingFrom(metadata.pooling, file);
  const settings =
    scorer === 'schnet'
      ? checkedSettings(jsonOf(metadata.settings ?? '{}', 'settings', file), file)
      : undefined;
  // A floating-point number takes at least two bytes.
  if (settings && 2 * fewestWeights(settings) > bytes.length) {
    throw new Error(`${file}: expected the weights of a network with these settings, found too few numbers`);
  }
  const shapes = settings
    ? weightShapes(settings)
    : new Map(Object.entries(vinaWeights()).map(([name, { shape }]) => [name, shape]));
  const { [offsetName]: offset, ...rest } = tensors;
  const weights = checkedWeights(rest, shapes, file);
  if (offset) checkedWeights({ offset }, new Map([[offsetName, []]]), file);
  return {
    scorer,
    weights,
    ...(settings && { settings }),
    ...(offset && { offset }),
    ...(pooling && { pooling }),
  };
}

/**
 * Returns the tensors and the metadata of a safetensors file.
 *
 * @param file name of the file, for messages
 * @throws Error that names the file and what is wrong with it
 */
export function readTensors(bytes: Uint8Array, file: string): ReturnType<typeof readSafetensors> {
  try {
    return readSafetensors(bytes);
  } catch (error) {
    const reason = (error as Error).message.replace(/^readSafetensors: /, '');
    // The eighth byte is the highest one of the header's length, and always 0.
    if (bytes.length > 7 && bytes[7] !== 0) throw new Error(`${file}: not a safetensors file`);
    // The header, a JSON object, begins at the ninth byte.
    if (bytes[8] !== 0x7b) throw new Error(`${file}: not a safetensors file: ${reason}`);
    // All messages concern the header, except one, which is about a whole number that is too large to be read exactly.
    const part = reason.includes(' holds ') ? 'tensor' : 'header';
    throw new Error(`${file}: invalid ${part} in the safetensors file: ${reason}`);
  }
}

/** Returns the tensors in float64, after checking their names, shapes and entries. */
function checkedWeights(
  tensors: Readonly<Record<string, Tensor>>,
  shapes: ReadonlyMap<string, readonly number[]>,
  file: string,
): Weights {
  const unknown = Object.keys(tensors).find(name => !shapes.has(name));
  if (unknown !== undefined) throw new Error(`${file}: unknown weight ${JSON.stringify(unknown)}`);
  const entries = [...shapes].map(([name, shape]) => {
    const weight = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
    if (!weight) throw new Error(`${file}: expected a weight ${name}, found none`);
    if (`${weight.shape}` !== `${shape}`) {
      throw new Error(`${file}: expected ${name} of shape [${shape}], found [${weight.shape}]`);
    }
    const bad = weight.data.findIndex(number => !Number.isFinite(number));
    if (bad >= 0) throw new Error(`${file}: ${name} is ${weight.data[bad]} at position ${bad}`);
    return [name, tensor(Float64Array.from(weight.data), shape)] as const;
  });
  return Object.fromEntries(entries);
}

function poolingFrom(text: string, file: string): NonNullable<SavedModel['pooling']> {
  const pooling = jsonOf(text, 'pooling', file);
  const combination = poolingNames.find(name => name === entryOf(pooling, 'combination'));
  const [kT, t, q] = ['kT', 't', 'q'].map(name => entryOf(pooling, name)) as [number, number, number];
  if (combination === undefined || !(kT > 0 && t > 0 && Number.isFinite(kT + t + q) && q !== 0)) {
    throw new Error(`${file}: expected a pooling in its metadata, found ${JSON.stringify(pooling)}`);
  }
  return { combination, kT, t, q };
}

function jsonOf(text: string, name: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${file}: expected ${name} in its metadata to be JSON`);
  }
}
