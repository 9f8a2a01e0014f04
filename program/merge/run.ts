import { type Tensor, tensor } from 'posetape';
import { type Accumulator, finish, squaredError } from 'posetape/combine';
import { counted } from '../command/counted.ts';
import { exitCodes } from '../command/errors.ts';
import { type GivenPooling, poolings, readoutOf } from '../command/poolings.ts';
import type { Context } from '../command/subcommand.ts';
import { checkWritable, writeAtomically } from '../files/atomic.ts';
import { expandPatterns } from '../files/find.ts';
import { checkReplacesNoInput } from '../files/inputs.ts';
import { reportOf } from '../score/report.ts';
import type { CompoundResult, Skipped } from '../score/result.ts';
import { numbersOf } from '../score/score-compound.ts';
import { skippedLine } from '../score/skip-log.ts';
import {
  type CompoundState,
  readSaved,
  type SavedState,
  type ScoreState,
  scoreStateOf,
  stateToJson,
} from '../score/state.ts';
import { shardKind } from '../shard/state.ts';
import type { MergeOptions } from './options.ts';
import { wholeOf } from './shards.ts';

/** Sums of a whole run, and the poses that were left out. */
export interface Whole extends ScoreState {
  readonly skipped: readonly Skipped[];
}

/** Merges the sums of each compound, and reports the results. */
export async function runMerge(options: MergeOptions, context: Context): Promise<number> {
  const { state, out, target } = options;
  const states = await expandPatterns(options.states);
  await checkReplacesNoInput([state, out], states);
  for (const file of [state, out]) if (file !== undefined) await checkWritable(file);
  const stateFiles: StateFile[] = [];
  for (const file of states) {
    const stateFile = { file, json: await readSaved(file) };
    checkNew(stateFile, stateFiles);
    stateFiles.push(stateFile);
    context.progress.show('states', stateFiles.length);
    await context.breathe();
    context.signal.throwIfAborted();
  }
  const areShards = stateFiles.some(({ json: { kind } }) => kind === shardKind);
  const { scorer, pooling, compounds, skipped } = areShards ? wholeOf(stateFiles) : sumOfRuns(stateFiles);
  for (const each of skipped) context.warn(skippedLine(each));
  if (compounds.length === 0)
    throw new Error(`nothing could be scored: skipped all of ${counted(skipped.length, 'pose')}`);
  let text = '';
  const about = { ...options, ...pooling, scorer: scorer.split(' ')[0] as string, poses: states, params: {} };
  const report = reportOf(about, {
    async write(part) {
      text += part;
    },
    isStyled: context.isStyled && out === undefined,
  });
  let poses = 0;
  for (const compound of compounds) {
    const result = resultOf(compound, pooling, target);
    poses += result.poses;
    await report.compound(result);
  }
  await report.end({ compounds: compounds.length, poses, skipped, duplicates: 0 });
  if (state !== undefined) await writeAtomically(state, stateToJson({ scorer, pooling, compounds }));
  if (out === undefined) await context.write(text);
  else await writeAtomically(out, text);
  return skipped.length > 0 ? exitCodes.skipped : exitCodes.done;
}

/** State file with its contents. */
export interface StateFile {
  readonly file: string;
  readonly json: SavedState;
}

/**
 * Rejects a file whose sums would be counted twice.
 *
 * @throws Error that names the file, if its checksum is that of an earlier file
 */
function checkNew({ file, json: { checksum } }: StateFile, earlier: readonly StateFile[]): void {
  // Files with one checksum have the same sums.
  const twin = earlier.find(({ json }) => json.checksum === checksum);
  if (!twin || checksum === undefined) return;
  const fault = twin.file === file ? 'it is named twice' : `it has the same sums as ${twin.file}`;
  throw new Error(`${file}: ${fault}; each part counts once`);
}

/**
 * Merges the sums of runs without `--shard`, in the order of the files.
 *
 * @throws Error that names the file, if it is invalid, or its scorer or pooling differs from that of the first
 */
function sumOfRuns(stateFiles: readonly StateFile[]): Whole {
  let whole: (ScoreState & { readonly from: string }) | undefined;
  const compounds = new Map<string, CompoundState>();
  for (const { file, json } of stateFiles) {
    const part = scoreStateOf(file, json);
    whole ??= { ...part, from: file };
    checkSame(whole, part, file);
    for (const compound of part.compounds) {
      const earlier = compounds.get(compound.name);
      compounds.set(compound.name, earlier ? mergedStates(earlier, compound) : compound);
    }
  }
  const { scorer, pooling } = whole as ScoreState;
  return { scorer, pooling, compounds: [...compounds.values()], skipped: [] };
}

/** @throws Error that names the file, if its scorer or pooling differs from that of the runs before */
function checkSame(whole: ScoreState & { readonly from: string }, part: ScoreState, file: string): void {
  const scoringOf = ({ scorer, pooling: { combination, kT, t, q } }: ScoreState) =>
    `${scorer}, ${combination} with kT ${kT}, t ${t}, q ${q}`;
  if (scoringOf(whole) === scoringOf(part)) return;
  throw new Error(`${file}: expected ${scoringOf(whole)}, as in ${whole.from}, found ${scoringOf(part)}`);
}

/** Merges the sums of a compound from two runs, and their counts of skipped poses. */
function mergedStates(a: CompoundState, b: CompoundState): CompoundState {
  const best = b.best.score < a.best.score ? b.best : a.best;
  return { ...a, skipped: a.skipped + b.skipped, best, sums: a.sums.merge(b.sums) };
}

/** Returns the result of a compound from its sums. */
function resultOf(
  { name, file, skipped, best, sums }: CompoundState,
  pooling: GivenPooling,
  target: number | undefined,
): CompoundResult {
  const readout = readoutOf(pooling);
  const { value, values, loss, gradient, stats } = finish(sums, {
    combination: poolings[pooling.combination].make(pooling),
    params: zerosLike(sums),
    ...(readout && { readout }),
    ...(target !== undefined && { loss: squaredError(target) }),
  });
  return {
    ...{ name, file, poses: stats.poses, skipped, value },
    ...(values && values.length > 1 && { variance: values[1] as number }),
    ...(loss !== undefined && { loss }),
    effectiveSampleSize: stats.effectiveSampleSize ?? Number.NaN,
    best,
    gradient: numbersOf(gradient),
  };
}

/** Returns parameters with the shapes of the sums. All numbers are 0, because no pooling of the program depends on them. */
function zerosLike(sums: Accumulator): Record<string, Tensor<Float64Array>> {
  const shapes = Object.entries(sums.toJSON().shapes);
  return Object.fromEntries(
    shapes.map(([name, shape]) => [
      name,
      tensor(new Float64Array(shape.reduce((size, axis) => size * axis, 1)), shape),
    ]),
  );
}
