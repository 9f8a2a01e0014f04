import type { Context } from '../command/subcommand.ts';
import type { FitCompound, Source } from './dataset.ts';
import type { FitScorer } from './scorers.ts';

/** A compound that could not be read or scored. */
export interface SkippedCompound {
  readonly name: string;
  readonly reason: string;
}

/**
 * Reads the poses of compounds. A compound that cannot be read is reported and skipped.
 *
 * @throws Error if no compound can be read, or, if `strict` is true, for the first one that cannot be read
 */
export async function readCompounds(
  sources: readonly Source[],
  scorer: FitScorer,
  options: { readonly limit?: number; readonly strict: boolean },
  { progress, breathe, signal, warn }: Pick<Context, 'progress' | 'breathe' | 'signal' | 'warn'>,
): Promise<{ readonly compounds: FitCompound[]; readonly skipped: SkippedCompound[] }> {
  const compounds: FitCompound[] = [];
  const skipped: SkippedCompound[] = [];
  for (const [i, source] of sources.entries()) {
    progress.show('reading', i + 1, sources.length);
    await breathe();
    signal.throwIfAborted();
    const { name, target, affinity } = source;
    try {
      const poses = await scorer.posesOf(source, options.limit ?? Number.POSITIVE_INFINITY);
      const { pKi, bound } = affinity;
      compounds.push({ name, target, poses, poseCount: poses.length, pKi, ...(bound && { bound }) });
    } catch (error) {
      if (options.strict || sources.length === 1) throw error;
      skipped.push({ name, reason: (error as Error).message });
    }
  }
  progress.stop();
  const [first] = skipped;
  if (first && compounds.length === 0) throw new Error(`no compound can be read; the first: ${first.reason}`);
  for (const { name, reason } of skipped) warn(`skipped ${name}: ${reason}`);
  return { compounds, skipped };
}
