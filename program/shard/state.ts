import { sealed } from '../files/sealed.ts';
import type { Chunk } from '../score/compounds.ts';
import type { Skipped } from '../score/result.ts';
import { checkIntact, checkScoring, failing, readSums, type SavedState } from '../score/state.ts';
import { inputNames, type RunInputs } from './inputs.ts';
import type { Node, Part } from './tree.ts';

/** Sums of a shard, as stored in its state file. */
export interface ShardState {
  /** Number of the shard, from 1. */
  readonly shard: number;
  readonly inputs: RunInputs;
  /** Name of the scoring function, followed by its file of weights, if any. */
  readonly scorer: string;
  /** Name of the receptor's file, for messages. */
  readonly receptor: string;
  /** Distance within which a pose counts as near the receptor, Å. */
  readonly reach: number;
  /** SHA-256 of each file that the shard reads, by its index in the run's list of files. */
  readonly files: Readonly<Record<string, string>>;
  /** Number of poses in the sums. */
  readonly poses: number;
  readonly skipped: readonly Skipped[];
  readonly compounds: readonly { readonly name: string; readonly nodes: readonly Node[] }[];
  /** First chunk that is not in the sums; absent once the shard is finished. */
  readonly next?: Chunk;
}

/** Value of the field `kind` in the state file of a shard. */
export const shardKind = 'posetape shard state';

/** Returns the state as JSON, from which {@link shardStateOf} restores every bit. */
export function shardToJson({ compounds, ...rest }: ShardState): string {
  const written = compounds.map(({ name, nodes }) => ({
    name,
    nodes: nodes.map(({ part, ...position }) => ({
      ...position,
      part: { ...part, sums: part.sums.toJSON() },
    })),
  }));
  return sealed({ kind: shardKind, version: 1, pooling: rest.inputs.pooling, ...rest, compounds: written });
}

/**
 * Returns the state that {@link shardToJson} wrote.
 *
 * @param file name of the file, for messages
 * @throws Error that names the file and what is wrong with it
 */
export function shardStateOf(file: string, saved: SavedState): ShardState {
  const fail = failing(file);
  if (saved.kind !== shardKind || saved.version !== 1) {
    return fail('expected what score --shard --state wrote, found something else');
  }
  // An intact checksum vouches for all fields, so few are checked below.
  checkIntact(saved, fail);
  const { combination } = checkScoring(saved, fail);
  const { kind: _, version: __, checksum: ___, compounds, ...rest } = saved;
  const state = rest as unknown as Omit<ShardState, 'compounds'>;
  // Object() turns a missing `inputs` into an object without properties.
  const isShard =
    Array.isArray(compounds) &&
    Array.isArray(state.skipped) &&
    Number.isInteger(state.shard) &&
    Object.keys(inputNames).every(name => name in Object(state.inputs));
  if (!isShard) return fail('expected what score --shard --state wrote, found something else');
  if (state.next !== undefined && !isChunk(state.next))
    fail('expected next to be a chunk, with whole numbers as file and index');
  return {
    ...state,
    compounds: (compounds as ShardState['compounds']).map(({ name, nodes }) => ({
      name,
      nodes: nodes.map(({ part, ...position }): Node => {
        const sums = readSums(combination, part.sums, name, fail);
        return { ...position, part: { ...part, sums } satisfies Part };
      }),
    })),
  };
}

/** True if the file and the index of a chunk are whole numbers from 0. */
function isChunk({ file, index }: Chunk): boolean {
  return [file, index].every(number => Number.isSafeInteger(number) && number >= 0);
}
