import { readFile } from 'node:fs/promises';
import { unreadable } from '../read/text.ts';
import { modelFromJson } from './json.ts';
import { modelFromSafetensors } from './safetensors.ts';
import type { SavedModel, ScorerName } from './saved-model.ts';

/**
 * Reads a model that `fit` wrote: safetensors, or JSON.
 *
 * @throws Error, in one line that names the file and what is wrong, or that the model is of another scorer
 */
export async function readModel(file: string, scorer: ScorerName): Promise<SavedModel> {
  const bytes = await bytesOf(file);
  // A safetensors file begins with the length of its header, in which 0x7b stands for a header of 123 bytes or more.
  const isJson = bytes[0] === 0x7b && !(bytes[7] === 0 && bytes[8] === 0x7b);
  const model = isJson
    ? modelFromJson(new TextDecoder().decode(bytes), file)
    : modelFromSafetensors(bytes, file);
  if (model.scorer === scorer) return model;
  throw new Error(`${file}: expected a model of ${scorer}, found one of ${model.scorer}`);
}

/** @throws Error, in one line that names the file and the reason, if it cannot be read */
export async function bytesOf(file: string): Promise<Uint8Array> {
  return readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw unreadable(file, error);
  });
}
