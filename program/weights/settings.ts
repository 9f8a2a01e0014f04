import { elementRows } from '../../examples/networks/layers.ts';
import type { Settings } from '../schnet/model.ts';

/** Upper limits of the settings in a file, so that reading a damaged file does not allocate a huge network. */
const limits = {
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
 * Returns the settings of a network from a file, after checking each.
 *
 * @param settings object from JSON; other properties are ignored
 * @param file name of the file, for messages
 * @throws Error that names the file, the first invalid setting and what it should be
 */
export function checkedSettings(settings: unknown, file: string): Settings {
  const fail = (name: string, expected: string): never => {
    throw new Error(`${file}: expected settings.${name} to be ${expected}`);
  };
  const numberOf = (name: keyof typeof limits): number => {
    const number = entryOf(settings, name);
    if (typeof number === 'number' && number > 0 && number <= limits[name]) return number;
    return fail(name, `a number greater than 0, and at most ${limits[name]}`);
  };
  const numbers = [...sizes, ...lengths].map(name => [name, numberOf(name)] as const);
  const checked = Object.fromEntries(numbers) as Record<keyof typeof limits, number>;
  for (const name of sizes) if (!Number.isInteger(checked[name])) fail(name, 'a whole number');
  if (checked.hidden % 2 !== 0) fail('hidden', 'an even number');
  if (checked.gaussians < 2) fail('gaussians', '2 or more');
  const delta = entryOf(settings, 'delta');
  if (typeof delta !== 'boolean') return fail('delta', 'true or false');
  return { ...checked, delta };
}

/** Returns a lower bound on the number of weights of a network, without listing them. */
export function fewestWeights({ hidden, interactions }: Settings): number {
  return elementRows * hidden + 4 * interactions * hidden ** 2;
}

/** Returns an own property of a value; undefined if it is missing or the value is not an object. */
export function entryOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
