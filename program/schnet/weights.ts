import { tensor } from 'posetape';
import type { Weights } from '../../examples/networks/layers.ts';
import { schnet, weightShapes } from '../../examples/schnet/schnet.ts';
import type { Model, Settings } from './model.ts';

/** The model as JSON, from which every number comes back as it was. */
export function modelToJson({ settings, weights }: Model): string {
  const numbers = Object.entries(weights).map(([name, { data }]) => [name, [...data]]);
  return JSON.stringify({ settings, weights: Object.fromEntries(numbers) });
}

/**
 * Reads what {@link modelToJson} wrote.
 *
 * @throws Error naming the file and what is wrong with it
 */
export function modelFromJson(text: string, file: string): Model {
  const { settings: givenSettings, weights: givenWeights } = jsonOf(text, file);
  const settings = settingsFrom(givenSettings, file);
  const weights = [...weightShapes(settings)].map(([name, shape]) => {
    const numbers: unknown = entryOf(givenWeights, name);
    const size = shape[0] * shape[1];
    if (!Array.isArray(numbers) || numbers.length !== size || !numbers.every(Number.isFinite)) {
      throw new Error(`${file}: expected weights.${name} to be ${size} numbers`);
    }
    return [name, tensor(Float64Array.from(numbers as number[]), shape)] as const;
  });
  return { settings, network: schnet(settings), weights: Object.fromEntries(weights) satisfies Weights };
}

const numeric = ['hidden', 'gaussians', 'interactions', 'cutoff', 'neighbours', 'pocket'] as const;

function settingsFrom(given: unknown, file: string): Settings {
  const numbers = numeric.map(name => {
    const number = entryOf(given, name);
    if (typeof number === 'number' && number > 0) return [name, number] as const;
    throw new Error(`${file}: expected settings.${name} to be a number greater than 0`);
  });
  const delta = entryOf(given, 'delta');
  if (typeof delta !== 'boolean') throw new Error(`${file}: expected settings.delta to be true or false`);
  return { ...(Object.fromEntries(numbers) as Record<(typeof numeric)[number], number>), delta };
}

function jsonOf(text: string, file: string): { settings: unknown; weights: unknown } {
  try {
    const json: unknown = JSON.parse(text);
    return { settings: entryOf(json, 'settings'), weights: entryOf(json, 'weights') };
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function entryOf(thing: unknown, name: string): unknown {
  return typeof thing === 'object' && thing !== null
    ? (thing as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
