import { type Executor, jit } from 'posetape';
import { exitCodes } from '../command/errors.ts';
import { withPooling } from '../command/poolings.ts';
import type { Context } from '../command/subcommand.ts';
import { type Draft, draftOf } from '../files/atomic.ts';
import { findFiles } from '../files/find.ts';
import { checkReplacesNoInput } from '../files/inputs.ts';
import type { Molecule } from '../molecule/molecule.ts';
import { compareStrategies } from './compare.ts';
import { type Compound, compoundsIn } from './compounds.ts';
import type { ScoreOptions } from './options.ts';
import { FarError } from './prepared.ts';
import { reportOf } from './report.ts';
import type { Summary } from './result.ts';
import { rigidNotes } from './rigid-notes.ts';
import { type Scored, scoreCompound } from './score-compound.ts';
import type { PoseScorer } from './scorer.ts';
import type { Scoring } from './scoring.ts';
import { SkipLog } from './skip-log.ts';
import { type CompoundState, stateToJson } from './state.ts';

/** Scores the poses of every compound, and reports each compound when it is done. Returns the exit code. */
export async function runScore(given: ScoreOptions, context: Context): Promise<number> {
  const { out, format, state, compare } = given;
  // Open the output files first, so that an unwritable file is an error before the work.
  const resultDraft = out === undefined ? undefined : await draftOf(out);
  const stateDraft = state === undefined ? undefined : await draftOf(state).catch(discarding(resultDraft));
  try {
    warnUntrained(given, context);
    const scorer = await scorerOf(given);
    const options = withPooling(given, scorer.pooling);
    const files = await findFiles(options.poses, options.receptor);
    await checkReplacesNoInput(
      [out, state],
      [...files.map(({ path }) => path), options.receptor, options.weights],
    );
    const log = new SkipLog(context.warn);
    const run = new ScoringRun(options, scorer, context, log);
    const report = reportOf(
      { ...options, params: scorer.params },
      {
        write: resultDraft?.write ?? context.write,
        isStyled: context.isStyled && !resultDraft,
      },
    );
    const sums: CompoundState[] = [];
    for await (const compound of compoundsIn(files, options.groupBy)) {
      const scored = await run.score(compound, files.length > 1);
      if (!scored) continue;
      context.progress.stop();
      log.release();
      await report.compound(scored.result);
      if (stateDraft) sums.push(stateOf(scored));
    }
    if (run.compoundCount === 0) throw log.nothingLeftError();
    // Skipped poses were reported above, when the compound was scored.
    const ignoreSkipped = () => {};
    const strategies = compare
      ? await compareStrategies(compoundsIn(files, options.groupBy), run.scoring(ignoreSkipped), context)
      : undefined;
    context.progress.stop();
    await report.end(run.summary(), strategies);
    await resultDraft?.commit();
    const pooling = { ...options };
    await stateDraft?.write(stateToJson({ scorer: nameOf(options), pooling, compounds: sums }));
    await stateDraft?.commit();
    log.end();
    return log.skipped.length > 0 ? exitCodes.skipped : exitCodes.done;
  } catch (error) {
    if (resultDraft && context.signal.aborted && (format === 'csv' || format === 'jsonl')) {
      context.warn(`the results so far are in ${await resultDraft.keepPartial()}`);
    }
    throw error;
  } finally {
    await resultDraft?.discard();
    await stateDraft?.discard();
  }
}

function stateOf({ result: { name, file, best, skipped }, state }: Scored): CompoundState {
  // Sums exist, because --state needs the strategy `stream`.
  return { name, file, skipped, best, sums: state as NonNullable<typeof state> };
}

/** Returns a handler that discards a draft and throws the error again. */
function discarding(draft: Draft | undefined) {
  return async (error: Error): Promise<never> => {
    await draft?.discard();
    throw error;
  };
}

/** Warns on standard error if the scorer is an untrained network. */
export function warnUntrained({ scorer, weights }: ScoreOptions, { warn }: Pick<Context, 'warn'>): void {
  if (scorer !== 'schnet' || weights !== undefined) return;
  warn('note: the SchNet is untrained, and its scores mean nothing: give --weights');
}

/** Loads the chosen scoring function with its receptor. */
export async function scorerOf(options: ScoreOptions): Promise<PoseScorer> {
  const scorer =
    options.scorer === 'vina'
      ? (await import('./vina-scorer.ts')).vinaScorer(options.receptor, options.weights)
      : (await import('./schnet-scorer.ts')).schnetScorer(options);
  return scorer as Promise<PoseScorer>;
}

/** Returns the name of the scoring function in files, with its file of weights. */
export function nameOf({ scorer, weights }: ScoreOptions): string {
  return weights === undefined ? scorer : `${scorer} ${weights}`;
}

/** Scores compounds and counts them and their poses. */
class ScoringRun {
  compoundCount = 0;
  readonly #options: ScoreOptions;
  readonly #scorer: PoseScorer;
  readonly #context: Context;
  readonly #log: SkipLog;
  readonly #executor: Executor = jit();
  readonly #onMolecule: (molecule: Molecule) => void;
  #poses = 0;
  #duplicates = 0;
  #shown = 0;

  constructor(options: ScoreOptions, scorer: PoseScorer, context: Context, log: SkipLog) {
    this.#options = options;
    this.#scorer = scorer;
    this.#context = context;
    this.#log = log;
    this.#onMolecule = rigidNotes(options.scorer, context.warn);
  }

  /** Scores a compound. Returns undefined if none of its poses could be scored. */
  async score(compound: Compound, isOneOfMany: boolean): Promise<Scored | undefined> {
    const { name } = compound;
    const skipPose: Scoring<unknown>['onSkip'] = ({ file, number }, reason) =>
      this.#log.add({ what: 'pose', name, file, pose: number, reason });
    const { progress, breathe } = this.#context;
    const scoring = this.scoring(skipPose, () => {
      progress.show(isOneOfMany ? `compound ${this.compoundCount + 1}, poses` : 'poses', ++this.#shown);
      return breathe();
    });
    try {
      const scored = await scoreCompound(compound, scoring);
      if (!scored) return undefined;
      this.compoundCount++;
      this.#poses += scored.result.poses;
      return scored;
    } catch (error) {
      if (this.#options.strict || !(error instanceof FarError)) throw error;
      this.#log.add({ what: 'compound', name, file: compound.file, reason: error.message });
      return undefined;
    }
  }

  /** Returns settings for scoring compounds, with the options and the scorer of this run. */
  scoring(
    onSkip: Scoring<unknown>['onSkip'],
    onPose: () => Promise<void> | undefined = this.#context.breathe,
  ): Scoring<unknown> {
    const { signal } = this.#context;
    const [scorer, executor] = [this.#scorer, this.#executor];
    const onDuplicate = () => {
      this.#duplicates++;
    };
    return {
      ...this.#options,
      ...{ scorer, executor, signal, onMolecule: this.#onMolecule, onSkip, onPose, onDuplicate },
    };
  }

  summary(): Summary {
    const [poses, duplicates] = [this.#poses, this.#duplicates];
    return { compounds: this.compoundCount, poses, duplicates, skipped: this.#log.skipped };
  }
}
