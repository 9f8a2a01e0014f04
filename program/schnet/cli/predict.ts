import { progressOn } from '../../progress.ts';
import { readPoses, readReceptor } from '../../read/structure.ts';
import { readText } from '../../read/text.ts';
import type { Terminal } from '../../score/command.ts';
import { type Model, posesIn, untrained } from '../model.ts';
import { modelFromJson } from '../weights.ts';
import { exitCodeOf } from './command.ts';
import { type PredictOptions, parsePredictOptions } from './predict-options.ts';
import { describePrediction } from './predict-report.ts';
import { predictAll } from './predict-run.ts';

/**
 * The command: scores poses with a SchNet, combines them, and differentiates that by weights and coordinates.
 *
 * The result goes to `stdout`, progress and errors to `stderr`.
 *
 * @param argv the arguments, without node and the script
 * @returns the exit code: 0, or 1 after an error, which is told in one line
 */
export function predictCommand(argv: readonly string[], terminal: Terminal = process): Promise<number> {
  const work = async () => {
    const options = parsePredictOptions(argv, terminal);
    const model = await modelOf(options);
    const receptor = await readReceptor(options.receptor);
    const poses = posesIn(receptor, await readPoses(options.poses), model.settings, options);
    const prediction = await predictAll(model, poses, options, progressOn(terminal.stderr));
    terminal.stdout.write(
      options.json
        ? `${JSON.stringify(prediction, undefined, 2)}\n`
        : describePrediction(prediction, terminal.stdout.isTTY === true),
    );
  };
  return exitCodeOf(work, terminal);
}

async function modelOf({ weights, settings, seed }: PredictOptions): Promise<Model> {
  return weights === undefined ? untrained(settings, seed) : modelFromJson(await readText(weights), weights);
}
