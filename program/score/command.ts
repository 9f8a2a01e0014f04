import { CommanderError } from 'commander';
import { progressOn } from '../progress.ts';
import { readEnsemble } from '../vina/files.ts';
import { parseOptions } from './options.ts';
import { describe } from './report.ts';
import { runAll } from './run.ts';

/** Where a command writes. `process` is one. */
export interface Terminal {
  readonly stdout: Output;
  readonly stderr: Output;
}

/** A stream, which may be a terminal. */
export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean };

/**
 * The command: scores the poses, combines them in three ways, and compares the strategies.
 *
 * The result goes to `stdout`, progress and errors to `stderr`.
 *
 * @param argv the arguments, without node and the script
 * @returns the exit code: 0, or 1 after an error, which is told in one line
 * @example
 * process.exitCode = await main(['--combination', 'lse', '--json']);
 */
export async function main(argv: readonly string[], terminal: Terminal = process): Promise<number> {
  try {
    const options = parseOptions(argv, terminal);
    const ensemble = await readEnsemble(options.receptor, options.poses);
    const results = await runAll(ensemble, options, progressOn(terminal.stderr));
    terminal.stdout.write(
      options.json
        ? `${JSON.stringify(results, undefined, 2)}\n`
        : describe(results, terminal.stdout.isTTY === true),
    );
    return 0;
  } catch (error) {
    // Commander has already written its message, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode;
    terminal.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}
