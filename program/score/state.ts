import type { Accumulator, AccumulatorJSON, Combination } from 'posetape/combine';
import type { GivenPooling, PoolingSettings } from '../command/poolings.ts';
import { poolingNames, poolings } from '../command/poolings.ts';
import { isIntact, sealed } from '../files/sealed.ts';
import { readText } from '../read/text.ts';
import type { BestPose } from './result.ts';

/** Sums of a compound's poses. */
export interface CompoundState {
  readonly name: string;
  readonly file: string;
  readonly best: BestPose & { readonly file: string };
  readonly sums: Accumulator;
}

/** Sums of a run of `score`, as its file has them. */
export interface ScoreState {
  /** Scoring function, with the file of its weights if it has one. */
  readonly scorer: string;
  readonly pooling: GivenPooling;
  readonly compounds: readonly CompoundState[];
}

const kind = 'posetape score state';

/** The state as JSON, from which every bit comes back. */
export function stateToJson({ scorer, pooling, compounds }: ScoreState): string {
  const written = compounds.map(({ sums, ...rest }) => ({ ...rest, sums: sums.toJSON() }));
  return sealed({ kind, version: 2, scorer, pooling: writtenPooling(pooling), compounds: written });
}

/** The pooling alone, whatever else an object has. */
export function writtenPooling({ combination, kT, t, q }: GivenPooling): GivenPooling {
  return { combination, kT, t, q };
}

/**
 * Reads what {@link stateToJson} wrote.
 *
 * @throws Error naming the file and what is wrong with it
 */
export function scoreStateOf(file: string, saved: SavedState): ScoreState {
  const fail = failing(file);
  if (saved.kind !== kind || saved.version !== 2 || !Array.isArray(saved.compounds)) {
    return fail('expected what score --state wrote, found something else');
  }
  const { scorer, pooling, combination } = checkScoring(saved, fail);
  const compounds = (saved.compounds as readonly SavedCompound[]).map(
    ({ name, file: from, best, sums }, i): CompoundState => {
      if (typeof name !== 'string' || typeof from !== 'string' || !Number.isFinite(best?.score)) {
        return fail(`expected name, file and best pose of compound ${i + 1}`);
      }
      return { name, file: from, best, sums: readSums(combination, sums, name, fail) };
    },
  );
  checkIntact(saved, fail);
  return { scorer, pooling, compounds };
}

type SavedCompound = Omit<CompoundState, 'sums'> & { readonly sums: AccumulatorJSON };

/** A state file's JSON, of which nothing is known yet. */
export interface SavedState {
  readonly [name: string]: unknown;
  readonly kind?: unknown;
  readonly version?: unknown;
  readonly checksum?: unknown;
  readonly compounds?: unknown;
}

/** Throws an Error that names the file. */
export type Fail = (what: string) => never;

export function failing(file: string): Fail {
  return what => {
    throw new Error(`${file}: ${what}`);
  };
}

/** @throws Error naming the file, if it cannot be read or holds no JSON object */
export async function readSaved(file: string): Promise<SavedState> {
  const text = await readText(file);
  try {
    const saved = JSON.parse(text) as SavedState | null;
    if (typeof saved === 'object' && saved !== null) return saved;
  } catch (error) {
    return failing(file)(`expected JSON that score --state wrote (${(error as Error).message})`);
  }
  return failing(file)('expected what score --state wrote, found something else');
}

/** Scorer and pooling of a state file. */
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

/** Sums of a compound, each field of them checked. */
export function readSums(combination: Combination, sums: unknown, name: string, fail: Fail): Accumulator {
  try {
    return combination.accumulator(sums as AccumulatorJSON);
  } catch (error) {
    return fail(`compound ${name}: ${(error as Error).message}`);
  }
}

export function checkIntact(saved: SavedState, fail: Fail): void {
  if (!isIntact(saved)) fail('the checksum does not match: the file is not as score --state wrote it');
}
