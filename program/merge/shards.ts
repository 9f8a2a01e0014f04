import { farFrom } from '../score/prepared.ts';
import type { Skipped } from '../score/result.ts';
import { type CompoundState, failing, type SavedState } from '../score/state.ts';
import { difference, inputNames } from '../shard/inputs.ts';
import { type ShardState, shardStateOf } from '../shard/state.ts';
import { type Node, sumOf } from '../shard/tree.ts';
import type { Whole } from './run.ts';

/** A shard, and the file that it was read from. */
interface From extends ShardState {
  readonly from: string;
}

/**
 * Sums of a run of which all shards are given, in any order.
 *
 * @throws Error naming the file that is given twice or of another run, or the shard that is missing
 */
export function wholeOf(saved: readonly { readonly file: string; readonly saved: SavedState }[]): Whole {
  const shards: From[] = [];
  for (const { file, saved: json } of saved) {
    const part: From = { ...shardStateOf(file, json), from: file };
    if (part.next)
      failing(file)(`found shard ${part.shard} unfinished: run score --shard again to finish it`);
    checkGoesWith(shards.find(Boolean), part);
    const twin = shards[part.shard - 1];
    if (twin) failing(file)(`found shard ${part.shard}, which ${twin.from} is, too; each counts once`);
    shards[part.shard - 1] = part;
  }
  const [first] = shards.filter(Boolean) as [From];
  const { shards: of, pooling } = first.inputs;
  const missing = Array.from({ length: of }, (_, i) => i + 1).filter(number => !shards[number - 1]);
  if (missing.length > 0)
    throw new Error(`${named(missing, of)} missing: expected what score --shard wrote for each`);
  checkSameFiles(shards);
  const nodes = new Map<string, Node[]>();
  for (const shard of shards)
    for (const compound of shard.compounds) {
      const all = nodes.get(compound.name) ?? [];
      all.push(...compound.nodes);
      nodes.set(compound.name, all);
    }
  const skipped: Skipped[] = shards.flatMap(shard => shard.skipped);
  const compounds: CompoundState[] = [];
  for (const [name, parts] of nodes) {
    const { isNear, ...sum } = sumOf(parts);
    if (isNear) compounds.push({ name, ...sum });
    else skipped.push({ name, file: sum.file, reason: farFrom(sum.file, first.reach, first.receptor) });
  }
  return { scorer: first.scorer, pooling, compounds, skipped };
}

function named(missing: readonly number[], of: number): string {
  const [only, other] = missing;
  if (other === undefined) return `shard ${only} of ${of} is`;
  return `shards ${missing.slice(0, 8).join(', ')}${missing.length > 8 ? ' and more' : ''} of ${of} are`;
}

function checkGoesWith(first: From | undefined, part: From): void {
  if (!first) return;
  const other = difference(first.inputs, part.inputs);
  if (other) failing(part.from)(`found another run than in ${first.from}: its ${inputNames[other]} differs`);
}

/** A file that several shards have cut was the same for each. */
function checkSameFiles(shards: readonly From[]): void {
  const seen = new Map<string, { readonly digest: string; readonly from: string }>();
  for (const { files, from } of shards)
    for (const [nth, digest] of Object.entries(files)) {
      const before = seen.get(nth);
      if (before && before.digest !== digest)
        failing(from)(`found other poses in file ${Number(nth) + 1} of the run than in ${before.from}`);
      seen.set(nth, { digest, from });
    }
}
