import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { reasonOf } from '../command/errors.ts';
import type { GivenPooling } from '../command/poolings.ts';
import type { ScoreOptions } from '../score/options.ts';
import { writtenPooling } from '../score/state.ts';
import type { Sized } from './cutting.ts';

/** All that a run's result depends on: equal in all its shards. Texts are SHA-256 in hexadecimal digits. */
export interface RunInputs {
  readonly scorer: string;
  readonly pooling: GivenPooling;
  readonly shards: number;
  /** The most records of a chunk. */
  readonly chunk: number;
  readonly groupBy: string;
  readonly receptor: string;
  /** Of the file of weights, or of an untrained network's settings. */
  readonly model: string;
  /** Of the names and sizes of all files, in order. */
  readonly poses: string;
}

/** Names of {@link RunInputs} in messages. */
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

export async function inputsOf(
  options: ScoreOptions,
  shards: number,
  files: readonly Sized[],
): Promise<RunInputs> {
  const { scorer, weights, settings, seed, chunk, groupBy = 'format', receptor } = options;
  const untrained = scorer === 'schnet' ? JSON.stringify([settings, seed]) : '';
  return {
    scorer,
    pooling: writtenPooling(options),
    ...{ shards, chunk, groupBy },
    receptor: await digestOf(receptor),
    model: weights === undefined ? digest(untrained) : await digestOf(weights),
    poses: digest(JSON.stringify(files.map(({ name, bytes }) => [name, bytes]))),
  };
}

/** The first input that differs. */
export function difference(a: RunInputs, b: RunInputs): keyof RunInputs | undefined {
  const names = Object.keys(inputNames) as (keyof RunInputs)[];
  return names.find(name => JSON.stringify(a[name]) !== JSON.stringify(b[name]));
}

/** Digest of a file's bytes. */
export async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash).catch(error => {
    throw new Error(`cannot read ${file}: ${reasonOf(error)}`);
  });
  return hash.digest('hex');
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
