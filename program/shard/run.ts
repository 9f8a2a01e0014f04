import { stat } from 'node:fs/promises';
import { jit } from 'posetape';
import { exitCodes } from '../command/errors.ts';
import type { Context } from '../command/subcommand.ts';
import { checkWritable, writeAtomically } from '../files/atomic.ts';
import { findFiles } from '../files/find.ts';
import { type Compound, compoundsIn } from '../score/compounds.ts';
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

/** Scores the chunks of a shard and writes their sums, unless its file has them already. */
export async function runShard(options: ShardOptions, context: Context): Promise<number> {
  const { shard, state: file } = options;
  await checkWritable(file);
  const found = await sized(await findFiles(options.poses, options.receptor));
  const cutting = new Cutting(found, shard, options.chunk);
  const inputs = await inputsOf(options, shard.of, found);
  const files: Record<string, string> = {};
  for (const [nth, { path }] of found.entries()) {
    if (!cutting.has(nth)) continue;
    files[nth] = await digestOf(path);
    await context.breathe();
    context.signal.throwIfAborted();
  }
  const isThere = await isFilled(file);
  const state = isThere
    ? await stateOf(file, { shard: shard.number, inputs, files })
    : { ...(await scored(options, context, found, cutting)), shard: shard.number, inputs, files };
  for (const [nth, { path, version }] of found.entries()) {
    if (!cutting.has(nth) || (await factsOf(path)).version === version) continue;
    throw new Error(`${path}: changed while it was scored`);
  }
  if (!isThere) await writeAtomically(file, shardToJson(state));
  context.progress.stop();
  const { poses, skipped, compounds } = state;
  const what = `${count(poses, 'pose')} of ${count(compounds.length, 'compound')} in ${file}`;
  await context.write(`shard ${shard.number}/${shard.of}: ${isThere ? 'done before, ' : ''}${what}\n`);
  return skipped.length > 0 ? exitCodes.skipped : exitCodes.done;
}

/** A file that was made for its name, such as by `mktemp`, holds nothing yet. */
async function isFilled(file: string): Promise<boolean> {
  const there = await stat(file).catch(() => undefined);
  return there?.isFile() === true && there.size > 0;
}

/** @throws Error naming the file, unless it is of this shard and what it is made of */
async function stateOf(
  file: string,
  { shard, inputs, files }: Pick<ShardState, 'shard' | 'inputs' | 'files'>,
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
  return state;
}

type Sums = Omit<ShardState, 'shard' | 'inputs' | 'files'>;

async function scored(
  options: ShardOptions,
  { warn, signal, progress, breathe }: Context,
  files: readonly Sized[],
  cutting: Cutting,
): Promise<Sums> {
  const scorer: PoseScorer = await scorerOf(options);
  const log = new SkipLog(warn);
  const executor = jit();
  const trees = new Map<string, Tree>();
  let [shown, poses] = [0, 0];
  const cut = (file: number) => cutting.cutter(file);
  for await (const compound of compoundsIn(files, options.groupBy, cut)) {
    const { name } = compound;
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
    const { chunk } = compound as Required<Compound>;
    tree.add(chunk.file, chunk.index, partOf(run));
  }
  progress.stop();
  log.open();
  log.end();
  return {
    scorer: nameOf(options),
    ...{ receptor: options.receptor, reach: scorer.reach, poses, skipped: log.skipped },
    compounds: [...trees].map(([name, tree]) => ({ name, nodes: tree.nodes() })),
  };
}

function partOf({ result: { file, best }, state, isNear }: Scored): Part {
  return { file, best: { ...best, file }, isNear, sums: state as NonNullable<typeof state> };
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
