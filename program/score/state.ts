import type { Accumulator, AccumulatorJSON } from 'posetape/combine';
import type { GivenPooling, PoolingSettings } from '../command/poolings.ts';
import { poolingNames, poolings } from '../command/poolings.ts';
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
  const { combination, kT, t, q } = pooling;
  const written = compounds.map(({ sums, ...rest }) => ({ ...rest, sums: sums.toJSON() }));
  return `${JSON.stringify({ kind, version: 1, scorer, pooling: { combination, kT, t, q }, compounds: written })}\n`;
}

/**
 * Reads what {@link stateToJson} wrote.
 *
 * @throws Error naming the file and what is wrong with it
 */
export async function readState(file: string): Promise<ScoreState> {
  const text = await readText(file);
  const fail = (what: string): never => {
    throw new Error(`${file}: ${what}`);
  };
  let json: ScoreStateJSON;
  try {
    json = JSON.parse(text) as ScoreStateJSON;
  } catch (error) {
    return fail(`expected JSON that score --state wrote (${(error as Error).message})`);
  }
  if (json?.kind !== kind || json.version !== 1 || !Array.isArray(json.compounds)) {
    return fail('expected what score --state wrote, found something else');
  }
  const { pooling, scorer } = json;
  if (!poolingNames.includes(pooling?.combination)) fail('expected the name of a combination in pooling');
  if (typeof scorer !== 'string') fail('expected the name of a scorer');
  const settings: readonly (keyof PoolingSettings)[] = ['kT', 't', 'q'];
  for (const name of settings)
    if (!Number.isFinite(pooling[name])) fail(`expected pooling.${name} to be a number`);
  const combination = poolings[pooling.combination].make(pooling);
  const compounds = json.compounds.map(({ name, file: from, best, sums }, i): CompoundState => {
    if (typeof name !== 'string' || typeof from !== 'string' || !Number.isFinite(best?.score)) {
      return fail(`expected name, file and best pose of compound ${i + 1}`);
    }
    try {
      return { name, file: from, best, sums: combination.accumulator(sums) };
    } catch (error) {
      return fail(`compound ${name}: ${(error as Error).message}`);
    }
  });
  return { scorer, pooling, compounds };
}

interface ScoreStateJSON extends Omit<ScoreState, 'compounds'> {
  readonly kind: string;
  readonly version: number;
  readonly compounds: readonly (Omit<CompoundState, 'sums'> & { readonly sums: AccumulatorJSON })[];
}
