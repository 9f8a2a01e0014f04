import { sealed } from '../files/sealed.ts';
import type { Chunk } from '../score/compounds.ts';
import type { Skipped } from '../score/result.ts';
import { checkIntact, checkScoring, failing, readSums, type SavedState } from '../score/state.ts';
import { inputNames, type RunInputs } from './inputs.ts';
import type { Node, Part } from './tree.ts';

/** Sums of a shard, as its file has them. */
export interface ShardState {
  /** From 1. */
  readonly shard: number;
  readonly inputs: RunInputs;
  /** Scoring function, with the file of its weights if it has one. */
  readonly scorer: string;
  /** File of the receptor, for messages. */
  readonly receptor: string;
  /** Å, within which a pose is near the receptor. */
  readonly reach: number;
  /** SHA-256 of the files that were opened, by their place in the list of files. */
  readonly files: Readonly<Record<string, string>>;
  readonly poses: number;
  readonly skipped: readonly Skipped[];
  readonly compounds: readonly { readonly name: string; readonly nodes: readonly Node[] }[];
  /** First chunk that is not in the sums, where the shard is not finished. */
  readonly next?: Chunk;
}

export const shardKind = 'posetape shard state';

/** The state as JSON, from which every bit comes back. */
export function shardToJson({ compounds, ...rest }: ShardState): string {
  const written = compounds.map(({ name, nodes }) => ({
    name,
    nodes: nodes.map(({ part, ...at }) => ({ ...at, part: { ...part, sums: part.sums.toJSON() } })),
  }));
  return sealed({ kind: shardKind, version: 1, pooling: rest.inputs.pooling, ...rest, compounds: written });
}

/**
 * Reads what {@link shardToJson} wrote.
 *
 * @throws Error naming the file and what is wrong with it
 */
export function shardStateOf(file: string, saved: SavedState): ShardState {
  const fail = failing(file);
  if (saved.kind !== shardKind || saved.version !== 1) {
    return fail('expected what score --shard --state wrote, found something else');
  }
  // All fields but the sums, which have a checksum of their own, are as they were written, or the checksum tells.
  checkIntact(saved, fail);
  const { combination } = checkScoring(saved, fail);
  const { kind: _, version: __, checksum: ___, compounds, ...rest } = saved;
  const state = rest as unknown as Omit<ShardState, 'compounds'>;
  const isWhole =
    Array.isArray(compounds) &&
    Array.isArray(state.skipped) &&
    Number.isInteger(state.shard) &&
    Object.keys(inputNames).every(name => name in Object(state.inputs));
  if (!isWhole) return fail('expected what score --shard --state wrote, found something else');
  if (state.next !== undefined && !isChunk(state.next)) fail('expected the place of a chunk in next');
  return {
    ...state,
    compounds: (compounds as ShardState['compounds']).map(({ name, nodes }) => ({
      name,
      nodes: nodes.map(({ part, ...at }): Node => {
        const sums = readSums(combination, part.sums, name, fail);
        return { ...at, part: { ...part, sums } satisfies Part };
      }),
    })),
  };
}

function isChunk({ file, index }: Chunk): boolean {
  return [file, index].every(each => Number.isSafeInteger(each) && each >= 0);
}
