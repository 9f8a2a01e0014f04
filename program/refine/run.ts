import type { Weights } from '../../examples/networks/layers.ts';
import { schnet } from '../../examples/schnet/schnet.ts';
import type { VinaWeights } from '../../examples/vina/score.ts';
import { escaped, exitCodes } from '../command/errors.ts';
import type { Context } from '../command/subcommand.ts';
import { draftOf } from '../files/atomic.ts';
import { findFiles } from '../files/find.ts';
import { checkNoInput } from '../files/inputs.ts';
import type { Molecule } from '../molecule/molecule.ts';
import { readMolecule, readMolecules } from '../read/files.ts';
import { readReceptor } from '../read/structure.ts';
import type { Model, Settings } from '../schnet/model.ts';
import { compoundNameOf } from '../score/compounds.ts';
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

/** Refines poses one after the other, and writes each when it is done; with `top`, the best at the end. */
export async function runRefine(options: RefineOptions, context: Context): Promise<number> {
  const { out, top, json, receptor, scorer, weights, steps, tolerance } = options;
  const textOf = out === undefined ? undefined : writerFor(out);
  // Begun first, so that a file that cannot be written is known before the work.
  const draft = out === undefined ? undefined : await draftOf(out);
  const log = new SkipLog(context.warn);
  try {
    const files = await findFiles(options.poses, receptor);
    await checkNoInput([out], [...files.map(({ path }) => path), receptor, weights]);
    const refiner = new Refiner(await fieldFor(options));
    const best = new Best<Found>(top ?? Number.POSITIVE_INFINITY, ({ result }) => result.after.score);
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
    if (count === 0) throw log.nothingLeft();
    const kept = top === undefined ? best.inOrder() : best.sorted();
    for (const [nth, { text }] of byCompound(kept).entries()) if (text) await draft?.write(text(nth + 1));
    await draft?.commit();
    const results: RefineResults = {
      ...{ receptor, scorer, steps, tolerance, refined: count },
      ...(weights !== undefined && { weights }),
      ...(out !== undefined && { out }),
      poses: kept.map(({ result }) => result),
      seconds: (performance.now() - start) / 1000,
      skipped: log.skipped,
    };
    context.progress.stop();
    log.open();
    await context.write(
      json ? `${JSON.stringify(results, undefined, 2)}\n` : describe(results, context.isStyled),
    );
    log.end();
    return log.skipped.length > 0 ? exitCodes.skipped : exitCodes.done;
  } catch (error) {
    if (draft && context.signal.aborted && top === undefined) {
      context.warn(`what was done is in ${await draft.keepPartial()}`);
    }
    throw error;
  } finally {
    await draft?.discard();
  }
}

/** Pose that was refined, and what makes the text that is still to be written of it. */
interface Found {
  readonly result: PoseResult;
  readonly text?: (number: number) => string;
  /** Name of the compound, where there are several. */
  readonly compound?: string | undefined;
}

/** The poses with those of a compound in a row: the compounds in the order of their first poses. */
function byCompound(found: readonly Found[]): Found[] {
  const groups = new Map<string | undefined, Found[]>();
  for (const each of found) groups.set(each.compound, [...(groups.get(each.compound) ?? []), each]);
  return [...groups.values()].flat();
}

/** Refines the poses of a file. What cannot be read or refined is skipped and logged, unless `strict`. */
async function* refinedIn(
  file: string,
  refiner: Refiner,
  { steps, tolerance, strict }: RefineOptions,
  log: SkipLog,
  { signal, breathe }: Context,
): AsyncGenerator<{ readonly result: PoseResult; readonly molecule: Molecule; readonly refined: Refined }> {
  let pose = 0;
  const skip = (error: unknown, name: string) => {
    signal.throwIfAborted();
    if (strict || !(error instanceof Error)) throw error;
    log.add({ name, file, reason: error.message });
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
        refined = await refiner.refine(molecule, { steps, tolerance });
        checkNear(refined, molecule);
      } catch (error) {
        skip(error, `pose ${pose}`);
        continue;
      }
      const { coordinates: _, ...numbers } = refined;
      yield { result: { file, pose, name: molecule.name, ...numbers }, molecule, refined };
    }
  } catch (error) {
    skip(error, `pose ${pose + 1}`);
  }
}

/** @throws Error for a pose that does not touch the receptor: there is nothing to refine */
function checkNear({ before }: Refined, { source }: Molecule): void {
  if (before.parts.intermolecular !== 0) return;
  throw new Error(`${source.file}, line ${source.line}: no atom of the pose is within 8 Å of the receptor`);
}

/** Energy that was asked for, with the fitted weights if a file of them was given. */
async function fieldFor({ scorer, receptor, weights: file }: RefineOptions): Promise<MakeField> {
  const model = file === undefined ? undefined : await readModel(file, scorer);
  const offset = model?.offset?.data[0] ?? 0;
  if (scorer === 'vina') {
    const weights = model?.weights as VinaWeights | undefined;
    if (weights && rewardsClashes(weights)) {
      throw new Error(
        `${file}: repulsion is ${weights.repulsion.data[0]}, so clashes lower the energy and nothing would hold atoms apart; fit with --freeze repulsion`,
      );
    }
    return offsetBy(offset, vinaFieldIn(receptorOf(await readMolecule(receptor)), weights));
  }
  const { settings, weights } = model as { settings: Settings; weights: Weights };
  const made: Model = { settings, network: schnet(settings), weights };
  return offsetBy(offset, schnetFieldIn(await readReceptor(receptor), made));
}
