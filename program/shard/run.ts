import type { Stats } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { jit } from 'posetape';
import { counted } from '../command/counted.ts';
import { exitCodes } from '../command/errors.ts';
import type { Context } from '../command/subcommand.ts';
import { checkWritable, writeAtomically } from '../files/atomic.ts';
import { findFiles } from '../files/find.ts';
import { type Chunk, type Compound, compoundsIn } from '../score/compounds.ts';
import type { ScoreOptions } from '../score/options.ts';
import { rigidNotes } from '../score/rigid-notes.ts';
import { nameOf, scorerOf, warnUntrained } from '../score/run.ts';
import { type Scored, scoreCompound } from '../score/score-compound.ts';
import type { PoseScorer } from '../score/scorer.ts';
import { SkipLog } from '../score/skip-log.ts';
import { failing, readSaved } from '../score/state.ts';
import { Cutting, inspect, type SizedFile, withSizes } from './cutting.ts';
import { differingInput, digestOf, inputNames, inputsOf } from './inputs.ts';
import { type ShardState, shardStateOf, shardToJson } from './state.ts';
import { type Part, Tree } from './tree.ts';

/** Options of `score --shard`. */
export type ShardOptions = ScoreOptions & Required<Pick<ScoreOptions, 'shard' | 'state'>>;

/**
 * Scores the chunks of a shard and writes their sums to a state file, unless the file already contains them. Unfinished sums are
 * saved beside that file in `<file>.partial`, from which a later run continues.
 *
 * @throws Error that names the file, before any pose is scored, if one of the two files contains anything but sums of this shard
 */
export async function runShard(options: ShardOptions, context: Context): Promise<number> {
  const { shard, state: file } = options;
  warnUntrained(options, context);
  await checkWritable(file);
  // A pipe has no partial file: a run that writes to it cannot be resumed.
  const partial = (await isSpecialFile(file)) ? undefined : `${file}.partial`;
  const done = await doneIn(file);
  const begun = partial === undefined ? undefined : await begunIn(partial);
  const files = await withSizes(await findFiles(options.poses, options.receptor));
  const cutting = new Cutting(files, shard, options.chunk);
  const inputs = await inputsOf(options, shard.of, files);
  const digests: Record<string, string> = {};
  for (const [nth, { path }] of files.entries()) {
    if (!cutting.has(nth)) continue;
    digests[nth] = await digestOf(path);
    await context.breathe();
    context.signal.throwIfAborted();
  }
  const identity = { shard: shard.number, inputs, files: digests };
  if (done) checkState(file, done, identity, 'complete');
  if (begun) checkState(partial as string, begun, identity, 'unfinished');
  const state =
    done ?? (await scoreChunks({ ...options, poseFiles: files, identity, partial, begun }, context));
  await checkUnchanged(files.filter((_, nth) => cutting.has(nth)));
  if (!done) await writeAtomically(file, shardToJson(state));
  if (partial) await rm(partial, { force: true });
  context.progress.stop();
  const { poses, skipped, compounds } = state;
  const how = done ? 'done before, ' : begun ? `resumed after ${counted(begun.poses, 'pose')}, ` : '';
  const result = `${counted(poses, 'pose')} of ${counted(compounds.length, 'compound')} in ${file}`;
  await context.write(`shard ${shard.number}/${shard.of}: ${how}${result}\n`);
  return skipped.length > 0 ? exitCodes.skipped : exitCodes.done;
}

/** @throws Error that names the first file that changed after its size was read */
async function checkUnchanged(files: readonly SizedFile[]): Promise<void> {
  for (const { path, version } of files) {
    if ((await inspect(path)).version !== version) throw new Error(`${path}: changed while it was scored`);
  }
}

/** True for a path that exists and is no regular file, such as a pipe or a device. */
async function isSpecialFile(file: string): Promise<boolean> {
  return (await statOf(file))?.isFile() === false;
}

/** Returns the sums in a state file; undefined if the file is missing, empty (as mktemp creates it) or a pipe. */
async function doneIn(file: string): Promise<ShardState | undefined> {
  const stats = await statOf(file);
  return stats?.isFile() && stats.size > 0 ? shardIn(file) : undefined;
}

/**
 * Returns the sums that an interrupted run saved; undefined if there are none.
 *
 * @throws Error that names the path, if there is anything but a regular file with the state of a shard, since a save may replace it
 */
async function begunIn(partial: string): Promise<ShardState | undefined> {
  const stats = await statOf(partial);
  if (!stats) return undefined;
  if (stats.isFile()) return shardIn(partial);
  const kind = stats.isDirectory() ? 'a folder' : 'something that is not a regular file';
  return failing(partial)(
    `expected unfinished sums of the shard, found ${kind}; move it away, or choose another --state`,
  );
}

async function statOf(path: string): Promise<Stats | undefined> {
  return stat(path).catch(() => undefined);
}

/** End of the messages about invalid contents of a state file. */
const advice = '; to score the shard again, move the file away';

/** @throws Error that names the file, if it contains no valid state of a shard */
async function shardIn(file: string): Promise<ShardState> {
  try {
    return shardStateOf(file, await readSaved(file));
  } catch (error) {
    throw new Error(`${(error as Error).message}${advice}`);
  }
}

/** Number of a shard, with the inputs of its sums and the digests of the files that it reads. */
type Identity = Pick<ShardState, 'shard' | 'inputs' | 'files'>;

/** @throws Error that names the file, if its state is of another shard or of other inputs, or is not `expected` */
function checkState(
  file: string,
  state: ShardState,
  { shard, inputs, files }: Identity,
  expected: 'complete' | 'unfinished',
): void {
  const fail = (fault: string) => failing(file)(`${fault}${advice}`);
  const name = differingInput(state.inputs, inputs);
  if (name) fail(`found sums of another run: its ${inputNames[name]} differs`);
  if (state.shard !== shard) fail(`found sums of shard ${state.shard}, expected those of shard ${shard}`);
  if (JSON.stringify(state.files) !== JSON.stringify(files))
    fail('found sums of poses that have changed since');
  const found = state.next ? 'unfinished' : 'complete';
  if (found !== expected) fail(`expected ${expected} sums of the shard, found ${found} ones`);
}

/** Options of {@link scoreChunks}. */
interface ChunkScoring extends ShardOptions {
  readonly poseFiles: readonly SizedFile[];
  readonly identity: Identity;
  /** File for unfinished sums; absent if they cannot be saved. */
  readonly partial: string | undefined;
  /** Sums to continue from. */
  readonly begun: ShardState | undefined;
}

/** Scores the chunks of a shard that are not in `begun`. Returns the complete sums. */
async function scoreChunks(
  { poseFiles, identity, partial, begun, ...options }: ChunkScoring,
  { warn, signal, progress, breathe }: Context,
): Promise<ShardState> {
  const scorer: PoseScorer = await scorerOf(options);
  const log = new SkipLog(warn, begun?.skipped);
  const executor = jit();
  const onMolecule = rigidNotes(options.scorer, warn);
  const trees = new Map(begun?.compounds.map(({ name, nodes }) => [name, new Tree(nodes)]));
  let poses = begun?.poses ?? 0;
  let shown = poses;
  /** Returns the sums so far; `next` is the first chunk that is not in them, if any. */
  const stateSoFar = (next?: Chunk): ShardState => ({
    ...identity,
    scorer: nameOf(options),
    ...{ receptor: options.receptor, reach: scorer.reach, poses, skipped: log.skipped },
    compounds: [...trees].map(([name, tree]) => ({ name, nodes: tree.nodes() })),
    ...(next && { next }),
  });
  const ifDue = pacer(options.saveEvery);
  const save = async (file: string, next: Chunk) => {
    await checkUnchanged(poseFiles.filter((_, nth) => nth in identity.files));
    await writeAtomically(file, shardToJson(stateSoFar(next)));
  };
  const cutting = new Cutting(poseFiles, options.shard, options.chunk, begun?.next);
  let last: Chunk | undefined;
  for await (const compound of compoundsIn(poseFiles, options.groupBy, file => cutting.cutter(file))) {
    // With cutters, every compound has a chunk.
    const { name, chunk } = compound as Required<Compound>;
    const hasChunkEnded = last && (last.file !== chunk.file || last.index !== chunk.index);
    // When a chunk has ended, the sums contain all chunks before `chunk`, and nothing of `chunk`.
    if (hasChunkEnded && partial) await ifDue(() => save(partial, chunk));
    last = chunk;
    const run = await scoreCompound(compound, {
      ...options,
      ...{ scorer, executor, signal, isPart: true, onMolecule },
      onPose() {
        progress.show('poses', ++shown);
        return breathe();
      },
      onSkip: ({ file, number }, reason) => log.add({ what: 'pose', name, file, pose: number, reason }),
      // There are no duplicates: --rmsd is rejected with --shard.
      onDuplicate() {},
    });
    signal.throwIfAborted();
    if (!run) continue;
    poses += run.result.poses;
    const tree = trees.get(name) ?? new Tree();
    trees.set(name, tree);
    tree.add(chunk.file, chunk.index, partOf(run));
  }
  progress.stop();
  log.release();
  log.end();
  return stateSoFar();
}

/** Maximum share of the time that is spent on saves. */
const saveShare = 0.05;

/**
 * Returns a function that runs `work` if at least `seconds` have passed since its last run, and otherwise does nothing. If runs
 * take long, the pauses grow, so that runs take at most {@link saveShare} of the time. With 0 seconds, `work` always runs.
 */
function pacer(seconds: number): (work: () => Promise<void>) => Promise<void> {
  let due = performance.now() + 1000 * seconds;
  return async work => {
    const start = performance.now();
    if (start < due) return;
    await work();
    const end = performance.now();
    due = end + Math.max(1000 * seconds, seconds > 0 ? (end - start) / saveShare : 0);
  };
}

function partOf({ result: { file, best }, state, isNear }: Scored): Part {
  // Sums exist, because --state needs the strategy `stream`.
  return { file, best, isNear, sums: state as NonNullable<typeof state> };
}
