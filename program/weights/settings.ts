import { elementRows } from '../../examples/networks/layers.ts';
import type { Settings } from '../schnet/model.ts';

/** Largest sizes of a network that a file may request. */
const most = {
  hidden: 4096,
  gaussians: 4096,
  interactions: 64,
  neighbours: 4096,
  cutoff: 1000,
  pocket: 1000,
};

const sizes = ['hidden', 'gaussians', 'interactions', 'neighbours'] as const;
const lengths = ['cutoff', 'pocket'] as const;

/**
 * Checks settings of a network from a file before they are used.
 *
 * @throws Error naming the file and the setting
 */
export function checkedSettings(given: unknown, file: string): Settings {
  const fail = (name: string, expected: string): never => {
    throw new Error(`${file}: expected settings.${name} to be ${expected}`);
  };
  const numberOf = (name: keyof typeof most): number => {
    const number = entryOf(given, name);
    if (typeof number === 'number' && number > 0 && number <= most[name]) return number;
    return fail(name, `a number greater than 0, and at most ${most[name]}`);
  };
  const numbers = [...sizes, ...lengths].map(name => [name, numberOf(name)] as const);
  const found = Object.fromEntries(numbers) as Record<keyof typeof most, number>;
  for (const name of sizes) if (!Number.isInteger(found[name])) fail(name, 'a whole number');
  if (found.hidden % 2 !== 0) fail('hidden', 'an even number');
  if (found.gaussians < 2) fail('gaussians', '2 or more');
  const delta = entryOf(given, 'delta');
  if (typeof delta !== 'boolean') return fail('delta', 'true or false');
  return { ...found, delta };
}

/** Lower bound on the number of weights of a network, computed without listing them. */
export function fewestWeights({ hidden, interactions }: Settings): number {
  return elementRows * hidden + 4 * interactions * hidden ** 2;
}

/** Property of a value that may not be an object. */
export function entryOf(thing: unknown, name: string): unknown {
  return typeof thing === 'object' && thing !== null && Object.hasOwn(thing, name)
    ? (thing as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
