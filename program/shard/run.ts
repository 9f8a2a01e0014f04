import { rm, stat } from 'node:fs/promises';
import { jit } from 'posetape';
import { exitCodes } from '../command/errors.ts';
import type { Context } from '../command/subcommand.ts';
import { checkWritable, writeAtomically } from '../files/atomic.ts';
import { findFiles } from '../files/find.ts';
import { type Chunk, type Compound, compoundsIn } from '../score/compounds.ts';
import type { ScoreOptions } from '../score/options.ts';
import { nameOf, scorerOf } from '../score/run.ts';
import { type Scored, scoreCompound } from '../score/score-compound.ts';
import type { PoseScorer } from '../score/scorer.ts';
import { SkipLog } from '../score/skip-log.ts';
import { failing, readSaved } from '../score/state.ts';
import { Cutting, factsOf, type Sized, sized } from './cutting.ts';
import { difference, digestOf, inputNames, inputsOf } from './inputs.ts';
import { type ShardState, shardStateOf, shardToJson } from './state.ts';
import { type Part, Tree } from './tree.ts';

/** Options of `score --shard`. */
export type ShardOptions = ScoreOptions & Required<Pick<ScoreOptions, 'shard' | 'state'>>;

/**
 * Scores the chunks of a shard and writes their sums, unless its file has them already. What is done meanwhile is saved beside
 * it now and then, and a later run goes on from there.
 */
export async function runShard(options: ShardOptions, context: Context): Promise<number> {
  const { shard, state: file } = options;
  await checkWritable(file);
  const found = await sized(await findFiles(options.poses, options.receptor));
  const owned = new Cutting(found, shard, options.chunk);
  const inputs = await inputsOf(options, shard.of, found);
  const files: Record<string, string> = {};
  for (const [nth, { path }] of found.entries()) {
    if (!owned.has(nth)) continue;
    files[nth] = await digestOf(path);
    await context.breathe();
    context.signal.throwIfAborted();
  }
  const of = { shard: shard.number, inputs, files };
  // Beside a pipe there is nothing to go on from.
  const partial = (await isPipe(file)) ? undefined : `${file}.partial`;
  const isThere = await isFilled(file);
  const begun =
    !isThere && partial && (await isFilled(partial)) ? await stateOf(partial, of, 'unfinished') : undefined;
  const state = isThere
    ? await stateOf(file, of, 'whole')
    : await scored({ ...options, found, of, partial, begun }, context);
  await checkUnchanged(found.filter((_, nth) => owned.has(nth)));
  if (!isThere) await writeAtomically(file, shardToJson(state));
  if (partial) await rm(partial, { force: true });
  context.progress.stop();
  const { poses, skipped, compounds } = state;
  const how = isThere ? 'done before, ' : begun ? `resumed after ${count(begun.poses, 'pose')}, ` : '';
  const what = `${count(poses, 'pose')} of ${count(compounds.length, 'compound')} in ${file}`;
  await context.write(`shard ${shard.number}/${shard.of}: ${how}${what}\n`);
  return skipped.length > 0 ? exitCodes.skipped : exitCodes.done;
}

/** @throws Error naming a file that is no longer what it was at the beginning */
async function checkUnchanged(files: readonly Sized[]): Promise<void> {
  for (const { path, version } of files) {
    if ((await factsOf(path)).version !== version) throw new Error(`${path}: changed while it was scored`);
  }
}

/** True for a pipe or a device, such as /dev/stdout. */
async function isPipe(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined))?.isFile() === false;
}

/** A file that was made for its name, such as by `mktemp`, holds nothing yet. */
async function isFilled(file: string): Promise<boolean> {
  const there = await stat(file).catch(() => undefined);
  return there?.isFile() === true && there.size > 0;
}

/** A shard, and the inputs and files that its sums are made of. */
type Of = Pick<ShardState, 'shard' | 'inputs' | 'files'>;

/** @throws Error naming the file, unless it is of this shard and what it is made of */
async function stateOf(
  file: string,
  { shard, inputs, files }: Of,
  expected: 'whole' | 'unfinished',
): Promise<ShardState> {
  const advice = '; remove the file to have the shard scored again';
  const state = await readSaved(file)
    .then(saved => shardStateOf(file, saved))
    .catch((error: Error) => {
      throw new Error(`${error.message}${advice}`);
    });
  const fail = failing(file);
  const other = difference(state.inputs, inputs);
  if (other) fail(`found sums of another run: its ${inputNames[other]} differs from what is asked${advice}`);
  if (state.shard !== shard) fail(`found sums of shard ${state.shard}, asked for shard ${shard}${advice}`);
  if (JSON.stringify(state.files) !== JSON.stringify(files))
    fail(`found sums of poses that have changed since${advice}`);
  const found = state.next ? 'unfinished' : 'whole';
  if (found !== expected) fail(`expected ${expected} sums of the shard, found ${found} ones${advice}`);
  return state;
}

interface Scoring extends ShardOptions {
  readonly found: readonly Sized[];
  readonly of: Of;
  /** File for what is done until the shard is finished. */
  readonly partial: string | undefined;
  /** State to go on from. */
  readonly begun: ShardState | undefined;
}

async function scored(
  { found, of, partial, begun, ...options }: Scoring,
  { warn, signal, progress, breathe }: Context,
): Promise<ShardState> {
  const scorer: PoseScorer = await scorerOf(options);
  const log = new SkipLog(warn, begun?.skipped);
  const executor = jit();
  const trees = new Map(begun?.compounds.map(({ name, nodes }) => [name, new Tree(nodes)]));
  let poses = begun?.poses ?? 0;
  let shown = poses;
  const state = (next?: Chunk): ShardState => ({
    ...of,
    scorer: nameOf(options),
    ...{ receptor: options.receptor, reach: scorer.reach, poses, skipped: log.skipped },
    compounds: [...trees].map(([name, tree]) => ({ name, nodes: tree.nodes() })),
    ...(next && { next }),
  });
  const paced = pacer(options.saveEvery);
  const save = async (file: string, next: Chunk) => {
    await checkUnchanged(found.filter((_, nth) => nth in of.files));
    await writeAtomically(file, shardToJson(state(next)));
  };
  const cutting = new Cutting(found, options.shard, options.chunk, begun?.next);
  let last: Chunk | undefined;
  for await (const compound of compoundsIn(found, options.groupBy, file => cutting.cutter(file))) {
    const { name, chunk } = compound as Required<Compound>;
    const isNew = last && (last.file !== chunk.file || last.index !== chunk.index);
    // All of the chunks before this one is in the sums, and nothing of this one.
    if (isNew && partial) await paced(() => save(partial, chunk));
    last = chunk;
    const run = await scoreCompound(compound, {
      ...options,
      ...{ scorer, executor, signal, isPart: true },
      onPose() {
        progress.show('poses', ++shown);
        return breathe();
      },
      onSkip: (file, reason) => log.add({ name, file, reason }),
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
  log.open();
  log.end();
  return state();
}

/** The most of the time that goes into saves. */
const saveShare = 0.05;

/** Does work when so many seconds have gone since the last time, but not so often that it takes more than its share of time. */
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
  return { file, best: { ...best, file }, isNear, sums: state as NonNullable<typeof state> };
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
