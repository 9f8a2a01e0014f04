import { existsSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { ClosedPipe, escaped, exitCodes, lineOf } from './errors.ts';
import { breathing, type Interrupts, interrupts } from './interrupts.ts';
import { spendMemory } from './memory.ts';
import { isMisspelt } from './misspelt.ts';
import { noProgress, progressOn } from './progress.ts';
import type { Context } from './subcommand.ts';
import { subcommands } from './subcommands.ts';
import type { Terminal } from './terminal.ts';
import { ignoreStreamErrors, writeTo } from './write.ts';

/**
 * Runs the program: the command that the first argument names, or `score`. Results go to `stdout`, progress and errors to
 * `stderr`.
 *
 * @param argv the arguments, without node and the script
 * @returns the exit code, one of {@link exitCodes}
 * @example
 * process.exitCode = await main(['score', 'docked/*.pdbqt', '--receptor', 'protein.pdbqt']);
 */
export async function main(argv: readonly string[], terminal: Terminal = process): Promise<number> {
  const listener = interrupts();
  const releases = [terminal.stdout, terminal.stderr].map(ignoreStreamErrors);
  try {
    return await run(argv, terminal, listener);
  } finally {
    listener.stop();
    for (const release of releases) await release();
  }
}

async function run(argv: readonly string[], terminal: Terminal, listener: Interrupts): Promise<number> {
  let code: number = exitCodes.done;
  let progress = noProgress;
  // Stopping the progress shows the cursor again. A second signal would end the process without that.
  listener.signal.addEventListener('abort', () => progress.stop());
  const program = programOn(terminal);
  for (const [index, { name, streams = false, declare, run: work }] of subcommands.entries()) {
    const command = program.command(name, { isDefault: index === 0 });
    declare(command);
    command.option('--quiet', 'show no progress').action(async () => {
      if (!streams) spendMemory();
      if (!command.opts<{ quiet?: true }>().quiet) progress = progressOn(terminal.stderr);
      const context: Context = {
        write: writeTo(terminal.stdout),
        isStyled: terminal.stdout.isTTY === true,
        warn(line) {
          progress.stop();
          terminal.stderr.write(`${escaped(line)}\n`);
        },
        progress: {
          show(task, done, total) {
            if (!listener.signal.aborted) progress.show(task, done, total);
          },
          stop: () => progress.stop(),
        },
        signal: listener.signal,
        unguarded: listener.unguarded,
        breathe: breathing(),
      };
      code = await work(command, context);
    });
  }
  try {
    checkCommand(program, argv);
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    progress.stop();
    return exitCodeFor(error, terminal, listener.signal);
  } finally {
    progress.stop();
  }
}

/**
 * Rejects a misspelt command, which `score` would take as a file of poses.
 *
 * @throws CommanderError, after its message is written, if the first word resembles a command and no such file exists
 */
function checkCommand(program: Command, [word = '']: readonly string[]): void {
  const names = subcommands.map(({ name }) => name);
  if (!/^[a-z]+$/i.test(word) || names.includes(word) || existsSync(word)) return;
  const similar = names.find(name => isMisspelt(word, name));
  if (similar) program.error(`error: unknown command '${word}'\n(Did you mean ${similar}?)`);
}

function programOn({ stdout, stderr }: Terminal): Command {
  return new Command('npm start --')
    .description('Scores and refines docked poses, and fits scoring functions to measured affinities.')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: text => stdout.write(text),
      writeErr: text => stderr.write(text),
      getOutHelpWidth: () => 80,
      getErrHelpWidth: () => 80,
    })
    .addHelpText(
      'after',
      `
The default command is score. Without arguments, it scores 64 poses of imatinib
in c-Abl.

Examples:
  npm start -- docked.pdbqt --receptor protein.pdbqt
  npm start -- score docked/ --receptor protein.pdbqt --format csv --out scores.csv
  npm start -- score --help

Exit codes: 0 done, 1 error, 2 wrong usage, 3 done with some poses or
compounds skipped, 130 interrupted.`,
    );
}

/** Returns the exit code for an error, after writing its message unless commander has written it. */
function exitCodeFor(error: unknown, { stderr }: Terminal, signal: AbortSignal): number {
  // For such an error, Commander has already written its message, or the requested help.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  if (error instanceof ClosedPipe) return exitCodes.done;
  if (signal.aborted) {
    stderr.write(`${lineOf(signal.reason)}\n`);
    return exitCodes.interrupted;
  }
  stderr.write(`error: ${lineOf(error)}\n`);
  return exitCodes.error;
}
