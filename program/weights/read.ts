import { readFile } from 'node:fs/promises';
import { unreadableError } from '../read/text.ts';
import { modelFromJson } from './json.ts';
import { modelFromSafetensors } from './safetensors.ts';
import type { SavedModel, ScorerName } from './saved-model.ts';

/**
 * Reads a model from safetensors, as `fit` writes it, or from JSON.
 *
 * @param scorer the scoring function that the model must belong to, as `--scorer` names it
 * @throws Error, in one line that names the file and the reason, if the file cannot be read, its contents are invalid, or
 * the model belongs to another scoring function
 */
export async function readModel(file: string, scorer: ScorerName): Promise<SavedModel> {
  const bytes = await bytesOf(file);
  // A file that begins with { (0x7b) may be in either format. The eighth byte of a safetensors file is always 0: it is the
  // highest byte of the length of the header. No byte of JSON is 0.
  const isJson = bytes[0] === 0x7b && bytes[7] !== 0;
  const model = isJson
    ? modelFromJson(new TextDecoder().decode(bytes), file)
    : modelFromSafetensors(bytes, file);
  if (model.scorer === scorer) return model;
  throw new Error(
    `${file}: expected a model of ${scorer}, found one of ${model.scorer}; ` +
      `use --scorer ${model.scorer} or another file`,
  );
}

/**
 * Reads the bytes of a file.
 *
 * @throws Error, in one line that names the file and the reason, if it cannot be read
 */
export async function bytesOf(file: string): Promise<Uint8Array> {
  return readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw unreadableError(file, error);
  });
}
