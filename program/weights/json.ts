import { tensor } from 'posetape';
import type { Weights } from '../../examples/networks/layers.ts';
import { weightShapes } from '../../examples/schnet/schnet.ts';
import type { SavedModel } from './saved-model.ts';
import { checkedSettings, entryOf, fewestWeights } from './settings.ts';

/**
 * Reads a SchNet that is written as JSON: `{"settings": …, "weights": {name: [numbers]}}`.
 *
 * @throws Error naming the file and what is wrong with it
 */
export function modelFromJson(text: string, file: string): SavedModel {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const settings = checkedSettings(entryOf(json, 'settings'), file);
  const given = entryOf(json, 'weights');
  // A number takes two characters at least.
  if (2 * fewestWeights(settings) > text.length) {
    throw new Error(`${file}: expected the weights of such a network, found too few numbers`);
  }
  const weights = [...weightShapes(settings)].map(([name, shape]) => {
    const numbers = entryOf(given, name);
    const size = shape[0] * shape[1];
    if (!Array.isArray(numbers) || numbers.length !== size || !numbers.every(Number.isFinite)) {
      throw new Error(`${file}: expected weights.${name} to be ${size} numbers`);
    }
    return [name, tensor(Float64Array.from(numbers as number[]), shape)] as const;
  });
  return { scorer: 'schnet', settings, weights: Object.fromEntries(weights) satisfies Weights };
}
