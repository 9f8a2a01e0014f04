import { type Tensor, tensor } from 'posetape';
import { readSafetensors, writeSafetensors } from 'posetape/fit';
import type { Weights } from '../../examples/networks/layers.ts';
import { weightShapes } from '../../examples/schnet/schnet.ts';
import { vinaWeights } from '../../examples/vina/score.ts';
import { poolingNames } from '../command/poolings.ts';
import { isGeometricLayout } from './geometric.ts';
import { type SavedModel, scorerNames } from './saved-model.ts';
import { checkedSettings, entryOf, fewestWeights } from './settings.ts';

/** Name of the tensor that is added to every score. */
const offsetName = 'offset';

/**
 * The model as a safetensors file. Numbers are float64, so that every bit is preserved. Its `__metadata__`
 * holds the name of the scorer and, as JSON, the settings of a network and the pooling.
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
 * Reads what {@link modelToSafetensors} wrote.
 *
 * @throws Error naming the file and what is wrong with it
 */
export function modelFromSafetensors(bytes: Uint8Array, file: string): SavedModel {
  const { tensors, metadata } = fileOf(bytes, file);
  if (metadata.scorer === undefined && isGeometricLayout(tensors)) {
    throw new Error(
      `${file}: expected a model that fit wrote, found a SchNet of PyTorch Geometric; ` +
        'the command convert makes one of the other',
    );
  }
  const scorer = scorerNames.find(name => name === metadata.scorer);
  if (scorer === undefined) {
    throw new Error(`${file}: expected the scorer in its metadata to be ${scorerNames.join(' or ')}`);
  }
  const pooling = metadata.pooling === undefined ? undefined : poolingFrom(metadata.pooling, file);
  const settings =
    scorer === 'schnet'
      ? checkedSettings(jsonOf(metadata.settings ?? '{}', 'settings', file), file)
      : undefined;
  if (settings && 2 * fewestWeights(settings) > bytes.length) {
    throw new Error(`${file}: expected the weights of such a network, found too few numbers`);
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

/** Tensors of a file. @throws Error naming the file */
export function fileOf(bytes: Uint8Array, file: string): ReturnType<typeof readSafetensors> {
  try {
    return readSafetensors(bytes);
  } catch (error) {
    const reason = (error as Error).message.replace(/^readSafetensors: /, '');
    throw new Error(`${file}: expected a safetensors file: ${reason}`);
  }
}

/** Tensors in float64, after a check that they are those of the scorer. */
function checkedWeights(
  tensors: Readonly<Record<string, Tensor>>,
  shapes: ReadonlyMap<string, readonly number[]>,
  file: string,
): Weights {
  const stranger = Object.keys(tensors).find(name => !shapes.has(name));
  if (stranger !== undefined) throw new Error(`${file}: there is no weight ${JSON.stringify(stranger)}`);
  const entries = [...shapes].map(([name, shape]) => {
    const found = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
    if (!found) throw new Error(`${file}: expected a weight ${name}, found none`);
    if (`${found.shape}` !== `${shape}`) {
      throw new Error(`${file}: expected ${name} of shape [${shape}], found [${found.shape}]`);
    }
    const bad = found.data.findIndex(each => !Number.isFinite(each));
    if (bad >= 0) throw new Error(`${file}: ${name} is ${found.data[bad]} at position ${bad}`);
    return [name, tensor(Float64Array.from(found.data), shape)] as const;
  });
  return Object.fromEntries(entries);
}

function poolingFrom(text: string, file: string): NonNullable<SavedModel['pooling']> {
  const given = jsonOf(text, 'pooling', file);
  const combination = poolingNames.find(name => name === entryOf(given, 'combination'));
  const [kT, t, q] = ['kT', 't', 'q'].map(name => entryOf(given, name)) as [number, number, number];
  if (combination === undefined || !(kT > 0 && t > 0 && Number.isFinite(kT + t + q) && q !== 0)) {
    throw new Error(`${file}: expected a pooling in its metadata, found ${JSON.stringify(given)}`);
  }
  return { combination, kT, t, q };
}

function jsonOf(text: string, what: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${file}: expected ${what} in its metadata as JSON`);
  }
}
