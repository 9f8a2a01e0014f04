import { tensor } from 'posetape';
import type { Weights } from '../../examples/networks/layers.ts';
import { weightShapes } from '../../examples/schnet/schnet.ts';
import type { SavedModel } from './saved-model.ts';
import { checkedSettings, entryOf, fewestWeights } from './settings.ts';

/**
 * Returns the SchNet in a JSON text, `{"settings": …, "weights": {name: [numbers]}}`.
 *
 * @param file name of the file, for messages
 * @throws Error that names the file and what is wrong with it
 */
export function modelFromJson(text: string, file: string): SavedModel {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`${file}: expected a model in JSON or safetensors: ${(error as Error).message}`);
  }
  const settings = checkedSettings(entryOf(json, 'settings'), file);
  const lists = entryOf(json, 'weights');
  // Reject a text that is too short before allocating memory. A number takes at least two characters, with its comma.
  if (2 * fewestWeights(settings) > text.length) {
    throw new Error(`${file}: expected the weights of a network with these settings, found too few numbers`);
  }
  const weights = [...weightShapes(settings)].map(([name, shape]) => {
    const numbers = entryOf(lists, name);
    const size = shape[0] * shape[1];
    if (!Array.isArray(numbers) || numbers.length !== size || !numbers.every(Number.isFinite)) {
      throw new Error(`${file}: expected weights.${name} to be ${size} numbers`);
    }
    return [name, tensor(Float64Array.from(numbers as number[]), shape)] as const;
  });
  return { scorer: 'schnet', settings, weights: Object.fromEntries(weights) satisfies Weights };
}
