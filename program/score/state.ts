import type { Accumulator, AccumulatorJSON, Combination } from 'posetape/combine';
import type { GivenPooling, PoolingSettings } from '../command/poolings.ts';
import { poolingNames, poolings } from '../command/poolings.ts';
import { isIntact, sealed } from '../files/sealed.ts';
import { readText } from '../read/text.ts';
import type { BestPose } from './result.ts';

/** Sums over the poses of a compound. */
export interface CompoundState {
  readonly name: string;
  /** File of the first pose. */
  readonly file: string;
  /** Number of poses that are not in the sums, because they could not be read or scored. */
  readonly skipped: number;
  readonly best: BestPose;
  readonly sums: Accumulator;
}

/** Sums of a run of `score`, as --state saves them. */
export interface ScoreState {
  /** Scoring function, with the file of its weights if it has one. */
  readonly scorer: string;
  readonly pooling: GivenPooling;
  readonly compounds: readonly CompoundState[];
}

const kind = 'posetape score state';

/** Converts a state to JSON without loss of any bit. */
export function stateToJson({ scorer, pooling, compounds }: ScoreState): string {
  const written = compounds.map(({ sums, ...rest }) => ({ ...rest, sums: sums.toJSON() }));
  return sealed({ kind, version: 3, scorer, pooling: writtenPooling(pooling), compounds: written });
}

/** Returns the pooling of an object that may have other properties, too. */
export function writtenPooling({ combination, kT, t, q }: GivenPooling): GivenPooling {
  return { combination, kT, t, q };
}

/**
 * Checks the JSON that {@link stateToJson} wrote, and restores the state from it.
 *
 * @throws Error naming the file and what is wrong with it
 */
export function scoreStateOf(file: string, saved: SavedState): ScoreState {
  const fail = failing(file);
  if (saved.kind !== kind || saved.version !== 3 || !Array.isArray(saved.compounds)) {
    return fail('expected a file that score --state of this version wrote, found something else');
  }
  const { scorer, pooling, combination } = checkScoring(saved, fail);
  const compounds = (saved.compounds as readonly SavedCompound[]).map(
    ({ name, file: posesFile, skipped, best, sums }, i): CompoundState => {
      const isComplete =
        typeof name === 'string' &&
        typeof posesFile === 'string' &&
        Number.isSafeInteger(skipped) &&
        Number.isFinite(best?.score);
      if (!isComplete) return fail(`expected name, file, skipped and best pose of compound ${i + 1}`);
      return { name, file: posesFile, skipped, best, sums: readSums(combination, sums, name, fail) };
    },
  );
  checkIntact(saved, fail);
  return { scorer, pooling, compounds };
}

type SavedCompound = Omit<CompoundState, 'sums'> & { readonly sums: AccumulatorJSON };

/** JSON of a state file before it is checked. */
export interface SavedState {
  readonly [name: string]: unknown;
  readonly kind?: unknown;
  readonly version?: unknown;
  readonly checksum?: unknown;
  readonly compounds?: unknown;
}

/** Throws an Error with a message that begins with the name of a file. */
export type Fail = (what: string) => never;

/** Returns the {@link Fail} of a file. */
export function failing(file: string): Fail {
  return what => {
    throw new Error(`${file}: ${what}`);
  };
}

/**
 * Reads the JSON of a state file.
 *
 * @throws Error naming the file, if it cannot be read or holds no JSON object
 */
export async function readSaved(file: string): Promise<SavedState> {
  const text = await readText(file);
  try {
    const saved = JSON.parse(text) as SavedState | null;
    if (typeof saved === 'object' && saved !== null) return saved;
  } catch (error) {
    return failing(file)(`expected JSON that score --state wrote (${(error as Error).message})`);
  }
  return failing(file)('expected a file that score --state wrote, found something else');
}

/** Returns the scorer and the pooling of a state file, after checking them. */
export function checkScoring(
  saved: SavedState,
  fail: Fail,
): Pick<ScoreState, 'scorer' | 'pooling'> & { readonly combination: Combination } {
  const { scorer, pooling } = saved as unknown as ScoreState;
  if (!poolingNames.includes(pooling?.combination)) fail('expected the name of a combination in pooling');
  if (typeof scorer !== 'string') fail('expected the name of a scorer');
  const settings: readonly (keyof PoolingSettings)[] = ['kT', 't', 'q'];
  for (const name of settings)
    if (!Number.isFinite(pooling[name])) fail(`expected pooling.${name} to be a number`);
  return { scorer, pooling, combination: poolings[pooling.combination].make(pooling) };
}

/** Returns the sums of a compound from their JSON, after checking them. */
export function readSums(combination: Combination, sums: unknown, name: string, fail: Fail): Accumulator {
  try {
    return combination.accumulator(sums as AccumulatorJSON);
  } catch (error) {
    return fail(`compound ${name}: ${(error as Error).message}`);
  }
}

/** Rejects a state file whose checksum does not match. */
export function checkIntact(saved: SavedState, fail: Fail): void {
  if (!isIntact(saved))
    fail('the checksum does not match: the file has changed since score --state wrote it');
}
