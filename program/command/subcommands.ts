import { convertOptions, declareConvert } from '../convert/options.ts';
import { declareFit, fitOptions } from '../fit/options.ts';
import { declareMerge, mergeOptions } from '../merge/options.ts';
import { declareRefine, refineOptions } from '../refine/options.ts';
import { declareScore, scoreOptions } from '../score/options.ts';
import type { Subcommand } from './subcommand.ts';

/** Commands of the program, the default first. The modules that do the work are loaded when the command runs. */
export const subcommands: readonly Subcommand[] = [
  {
    name: 'score',
    streams: true,
    declare: declareScore,
    async run(command, context) {
      const { shard, state, ...options } = scoreOptions(command);
      if (shard && state !== undefined) {
        return (await import('../shard/run.ts')).runShard({ ...options, shard, state }, context);
      }
      return (await import('../score/run.ts')).runScore(
        { ...options, ...(state !== undefined && { state }) },
        context,
      );
    },
  },
  {
    name: 'refine',
    declare: declareRefine,
    run: async (command, context) =>
      (await import('../refine/run.ts')).runRefine(refineOptions(command), context),
  },
  {
    name: 'fit',
    declare: declareFit,
    run: async (command, context) => (await import('../fit/run.ts')).runFit(fitOptions(command), context),
  },
  {
    name: 'convert',
    declare: declareConvert,
    run: async (command, context) =>
      (await import('../convert/run.ts')).runConvert(convertOptions(command), context),
  },
  {
    name: 'merge',
    declare: declareMerge,
    run: async (command, context) =>
      (await import('../merge/run.ts')).runMerge(mergeOptions(command), context),
  },
];
