import { CommanderError } from 'commander';
import type { Terminal } from '../../score/command.ts';

/**
 * Does the work of a command.
 *
 * @returns the exit code: 0, or 1 after an error, which is told in one line
 */
export async function exitCodeOf(work: () => Promise<void>, { stderr }: Terminal): Promise<number> {
  try {
    await work();
    return 0;
  } catch (error) {
    // Commander has already written its message, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode;
    stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}
