import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { reasonOf } from '../command/errors.ts';
import type { GivenPooling } from '../command/poolings.ts';
import type { ScoreOptions } from '../score/options.ts';
import { writtenPooling } from '../score/state.ts';
import type { SizedFile } from './cutting.ts';

/** Inputs that determine the result of a run, and must be equal in all its shards. Digests are SHA-256 in hexadecimal digits. */
export interface RunInputs {
  readonly scorer: string;
  readonly pooling: GivenPooling;
  readonly shards: number;
  /** Number of records in a chunk. */
  readonly chunk: number;
  /** Value of `--group-by`, or `format` if it was not given. */
  readonly groupBy: string;
  /** Digest of the receptor's file. */
  readonly receptor: string;
  /** Digest of the file of weights; without one, of an untrained network's settings and seed, or of '' for Vina. */
  readonly model: string;
  /** Digest of the names and sizes of all files, in order. */
  readonly poses: string;
}

/** Names of {@link RunInputs} in messages, in the order in which they are compared. */
export const inputNames: Readonly<Record<keyof RunInputs, string>> = {
  scorer: 'scorer',
  pooling: 'combination',
  shards: 'number of shards',
  chunk: 'chunk size',
  groupBy: '--group-by',
  receptor: 'receptor',
  model: 'weights',
  poses: 'list of files of poses',
};

/**
 * Returns the inputs of a run.
 *
 * @throws Error, in one line that names the file and the reason, if the receptor or the weights cannot be read
 */
export async function inputsOf(
  options: ScoreOptions,
  shards: number,
  files: readonly SizedFile[],
): Promise<RunInputs> {
  const { scorer, weights, settings, seed, chunk, groupBy = 'format', receptor } = options;
  const untrained = scorer === 'schnet' ? JSON.stringify([settings, seed]) : '';
  return {
    scorer,
    pooling: writtenPooling(options),
    ...{ shards, chunk, groupBy },
    receptor: await digestOf(receptor),
    model: weights === undefined ? digestOfText(untrained) : await digestOf(weights),
    poses: digestOfText(JSON.stringify(files.map(({ name, bytes }) => [name, bytes]))),
  };
}

/** Returns the name of the first input in which two runs differ; undefined if all inputs are equal. */
export function differingInput(a: RunInputs, b: RunInputs): keyof RunInputs | undefined {
  const names = Object.keys(inputNames) as (keyof RunInputs)[];
  return names.find(name => JSON.stringify(a[name]) !== JSON.stringify(b[name]));
}

/**
 * Returns the digest of a file's bytes.
 *
 * @throws Error, in one line that names the file and the reason, if it cannot be read
 */
export async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash).catch(error => {
    throw new Error(`cannot read ${file}: ${reasonOf(error)}`);
  });
  return hash.digest('hex');
}

function digestOfText(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
