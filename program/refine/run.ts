import type { Weights } from '../../examples/networks/layers.ts';
import { schnet } from '../../examples/schnet/schnet.ts';
import type { VinaWeights } from '../../examples/vina/score.ts';
import { escaped, exitCodes } from '../command/errors.ts';
import type { Context } from '../command/subcommand.ts';
import { draftOf } from '../files/atomic.ts';
import { findFiles } from '../files/find.ts';
import { checkReplacesNoInput } from '../files/inputs.ts';
import type { Molecule } from '../molecule/molecule.ts';
import { readMolecule, readMolecules } from '../read/files.ts';
import { readReceptor } from '../read/structure.ts';
import type { Model, Settings } from '../schnet/model.ts';
import { compoundNameOf } from '../score/compounds.ts';
import { rigidNotes } from '../score/rigid-notes.ts';
import { SkipLog } from '../score/skip-log.ts';
import { rewardsClashes } from '../vina/clashes.ts';
import { receptorOf } from '../vina/poses.ts';
import { readModel } from '../weights/read.ts';
import { Best } from './best.ts';
import type { RefineOptions } from './options.ts';
import { type MakeField, offsetBy, type Refined, Refiner, schnetFieldIn, vinaFieldIn } from './refiner.ts';
import { describe } from './report.ts';
import type { PoseResult, RefineResults } from './result.ts';
import { writerFor } from './written.ts';

/** Refines poses and writes each when done; with `top`, writes only the best, at the end. Returns the exit code. */
export async function runRefine(options: RefineOptions, context: Context): Promise<number> {
  const { out, top, json, receptor, scorer, weights, steps, tolerance } = options;
  const textOf = out === undefined ? undefined : writerFor(out);
  // Open the output first, so that an unwritable file is an error before the work.
  const draft = out === undefined ? undefined : await draftOf(out);
  const log = new SkipLog(context.warn);
  try {
    const files = await findFiles(options.poses, receptor);
    await checkReplacesNoInput([out], [...files.map(({ path }) => path), receptor, weights]);
    const refiner = new Refiner(await fieldMakerFor(options));
    const best = new Best<Item>(top ?? Number.POSITIVE_INFINITY, ({ result }) => result.after.score);
    const start = performance.now();
    let count = 0;
    for (const file of files) {
      for await (const { result, molecule, refined } of refinedIn(
        file.path,
        refiner,
        options,
        log,
        context,
      )) {
        count++;
        context.progress.show('poses', count);
        const compound = files.length > 1 ? escaped(compoundNameOf(file, molecule)) : undefined;
        const text = (number: number) => textOf?.(molecule, refined, number, compound) ?? '';
        if (top === undefined) await draft?.write(text(count));
        best.add(top === undefined ? { result } : { result, text, compound });
      }
    }
    if (count === 0) throw log.nothingLeftError();
    const items = top === undefined ? best.held() : best.sorted();
    for (const [i, { text }] of byCompound(items).entries()) if (text) await draft?.write(text(i + 1));
    await draft?.commit();
    const results: RefineResults = {
      ...{ receptor, scorer, steps, tolerance, refined: count },
      ...(weights !== undefined && { weights }),
      ...(out !== undefined && { out }),
      poses: items.map(({ result }) => result),
      seconds: (performance.now() - start) / 1000,
      skipped: log.skipped,
    };
    context.progress.stop();
    log.release();
    await context.write(
      json ? `${JSON.stringify(results, undefined, 2)}\n` : describe(results, context.isStyled),
    );
    log.end();
    return log.skipped.length > 0 ? exitCodes.skipped : exitCodes.done;
  } catch (error) {
    if (draft && context.signal.aborted && top === undefined) {
      context.warn(`the poses refined so far are in ${await draft.keepPartial()}`);
    }
    throw error;
  } finally {
    await draft?.discard();
  }
}

/** Refined pose. */
interface Item {
  readonly result: PoseResult;
  /** Returns the pose as text, given its number in the output; absent for a pose that is already written. */
  readonly text?: (number: number) => string;
  /** Name of the compound; undefined if there is only one input file. */
  readonly compound?: string | undefined;
}

/** Reorders poses so that those of a compound follow one another. Compounds are in the order of their first poses. */
function byCompound(items: readonly Item[]): Item[] {
  const groups = new Map<string | undefined, Item[]>();
  for (const item of items) groups.set(item.compound, [...(groups.get(item.compound) ?? []), item]);
  return [...groups.values()].flat();
}

/** Yields the refined poses of a file. Poses that cannot be read or refined are logged and skipped, unless `strict`. */
async function* refinedIn(
  file: string,
  refiner: Refiner,
  { steps, tolerance, strict, scorer }: RefineOptions,
  log: SkipLog,
  { signal, breathe, warn }: Context,
): AsyncGenerator<{ readonly result: PoseResult; readonly molecule: Molecule; readonly refined: Refined }> {
  let pose = 0;
  const onMolecule = rigidNotes(scorer, warn);
  const skip = (error: unknown, name: string) => {
    signal.throwIfAborted();
    if (strict || !(error instanceof Error)) throw error;
    log.add({ what: 'pose', name, file, reason: error.message });
  };
  const onBad = (error: Error) => {
    pose++;
    skip(error, `pose ${pose}`);
  };
  try {
    for await (const molecule of readMolecules(file, { keepLines: true, ...(!strict && { onBad }) })) {
      pose++;
      let refined: Refined;
      try {
        signal.throwIfAborted();
        await breathe();
        onMolecule(molecule);
        refiner.checkNear(molecule);
        refined = await refiner.refine(molecule, { steps, tolerance });
      } catch (error) {
        skip(error, `pose ${pose}`);
        continue;
      }
      const { coordinates: _, ...numbers } = refined;
      yield { result: { file, pose, name: molecule.name, ...numbers }, molecule, refined };
    }
  } catch (error) {
    // The file could not be read after pose number `pose`.
    skip(error, `pose ${pose + 1}`);
  }
}

/**
 * Returns the maker of the energy of the chosen scorer, with fitted weights if a file of them is given.
 *
 * @throws Error naming the file if its weights reward clashes
 */
async function fieldMakerFor({ scorer, receptor, weights: file }: RefineOptions): Promise<MakeField> {
  const saved = file === undefined ? undefined : await readModel(file, scorer);
  const offset = saved?.offset?.data[0] ?? 0;
  if (scorer === 'vina') {
    const weights = saved?.weights as VinaWeights | undefined;
    if (weights && rewardsClashes(weights)) {
      throw new Error(
        `${file}: repulsion is ${weights.repulsion.data[0]}, so clashes lower the energy and nothing keeps atoms apart; fit again with --freeze repulsion`,
      );
    }
    return offsetBy(offset, vinaFieldIn(receptorOf(await readMolecule(receptor)), weights));
  }
  // --scorer schnet needs --weights, so there is a saved model.
  const { settings, weights } = saved as { settings: Settings; weights: Weights };
  const model: Model = { settings, network: schnet(settings), weights };
  return offsetBy(offset, schnetFieldIn(await readReceptor(receptor), model));
}
