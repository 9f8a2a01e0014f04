import { writeFile } from 'node:fs/promises';
import { progressOn } from '../../progress.ts';
import { readCompounds } from '../../read/folder.ts';
import { checkWritable } from '../../read/text.ts';
import type { Terminal } from '../../score/command.ts';
import { modelToJson } from '../weights.ts';
import { exitCodeOf } from './command.ts';
import { parseFitOptions } from './fit-options.ts';
import { describeEpoch, describeFit, describeStart } from './fit-report.ts';
import { divided, fitAll } from './fit-run.ts';

/**
 * The command: fits a SchNet to several compounds, and tells the loss by epoch.
 *
 * The result goes to `stdout`, progress and errors to `stderr`.
 *
 * @param argv the arguments, without node and the script
 * @returns the exit code: 0, or 1 after an error, which is told in one line
 */
export function fitCommand(argv: readonly string[], terminal: Terminal = process): Promise<number> {
  const work = async () => {
    const options = parseFitOptions(argv, terminal);
    const { stdout, stderr } = terminal;
    const isStyled = stdout.isTTY === true;
    const say = (text: string) => {
      if (!options.json) stdout.write(text);
    };
    const compounds = await readCompounds(options.folder, options.settings, options.limit);
    const sets = divided(compounds, options.leaveOut);
    if (options.out !== undefined) await checkWritable(options.out);
    say(describeStart(sets, options, isStyled));
    const { model, result } = await fitAll(sets, options, progressOn(stderr), epoch =>
      say(describeEpoch(epoch)),
    );
    if (options.out !== undefined) await writeFile(options.out, modelToJson(model));
    if (options.json) stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
    else say(describeFit(result, options, isStyled));
  };
  return exitCodeOf(work, terminal);
}
