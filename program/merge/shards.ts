import { farMessage } from '../score/prepared.ts';
import type { Skipped } from '../score/result.ts';
import { type CompoundState, failing } from '../score/state.ts';
import { differingInput, inputNames } from '../shard/inputs.ts';
import { type ShardState, shardStateOf } from '../shard/state.ts';
import { type Node, sumOf } from '../shard/tree.ts';
import type { StateFile, Whole } from './run.ts';

/** Shard with the file that it was read from. */
interface LoadedShard extends ShardState {
  readonly from: string;
}

/**
 * Merges all shards of a run, in any order.
 *
 * @throws Error that names the file that is unfinished, repeats a shard or is of another run; or that names the missing shards
 */
export function wholeOf(stateFiles: readonly StateFile[]): Whole {
  const shards: LoadedShard[] = [];
  for (const { file, json } of stateFiles) {
    const part: LoadedShard = { ...shardStateOf(file, json), from: file };
    if (part.next) failing(file)(`found shard ${part.shard} unfinished; run its command again to finish it`);
    checkSameRun(shards.find(Boolean), part);
    const twin = shards[part.shard - 1];
    if (twin) failing(file)(`found shard ${part.shard} again, which ${twin.from} already contains`);
    shards[part.shard - 1] = part;
  }
  // Shards that were not given are holes in the list.
  const [first] = shards.filter(Boolean) as [LoadedShard];
  const { shards: total, pooling } = first.inputs;
  const missing = Array.from({ length: total }, (_, i) => i + 1).filter(number => !shards[number - 1]);
  if (missing.length > 0)
    throw new Error(`${subjectOf(missing, total)} missing: merge needs the state files of all shards`);
  checkSameFiles(shards);
  const nodes = new Map<string, Node[]>();
  for (const shard of shards)
    for (const compound of shard.compounds) {
      const nodesOfCompound = nodes.get(compound.name) ?? [];
      nodesOfCompound.push(...compound.nodes);
      nodes.set(compound.name, nodesOfCompound);
    }
  const skipped: Skipped[] = shards.flatMap(shard => shard.skipped);
  const skippedPoses = new Map<string, number>();
  for (const { name } of skipped) skippedPoses.set(name, (skippedPoses.get(name) ?? 0) + 1);
  const compounds: CompoundState[] = [];
  for (const [name, parts] of nodes) {
    const { isNear, ...sum } = sumOf(parts);
    if (isNear) compounds.push({ name, ...sum, skipped: skippedPoses.get(name) ?? 0 });
    else
      skipped.push({
        what: 'compound',
        name,
        file: sum.file,
        reason: farMessage(sum.file, first.reach, first.receptor),
      });
  }
  return { scorer: first.scorer, pooling, compounds, skipped };
}

/** Returns the subject of a sentence about missing shards, with its verb, such as "shards 1, 2 of 3 are". */
function subjectOf(missing: readonly number[], total: number): string {
  const [first, second] = missing;
  if (second === undefined) return `shard ${first} of ${total} is`;
  return `shards ${missing.slice(0, 8).join(', ')}${missing.length > 8 ? ' and more' : ''} of ${total} are`;
}

/** @throws Error that names the file, if it belongs to another run than the first */
function checkSameRun(first: LoadedShard | undefined, part: LoadedShard): void {
  if (!first) return;
  const name = differingInput(first.inputs, part.inputs);
  if (name) failing(part.from)(`found another run than in ${first.from}: its ${inputNames[name]} differs`);
}

/** @throws Error that names the state file, if a file of poses changed between two shards that read it */
function checkSameFiles(shards: readonly LoadedShard[]): void {
  const digests = new Map<string, { readonly digest: string; readonly from: string }>();
  for (const { files, from } of shards)
    for (const [nth, digest] of Object.entries(files)) {
      const earlier = digests.get(nth);
      if (earlier && earlier.digest !== digest)
        failing(from)(
          `file ${Number(nth) + 1} of the poses is not the one that ${earlier.from} was made from; score both shards again`,
        );
      digests.set(nth, { digest, from });
    }
}
