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
import { withoutUncaught, writeTo } from './write.ts';

/**
 * The program: one of its commands, `score` where none is named. Results go to `stdout`, progress and errors to `stderr`.
 *
 * @param argv the arguments, without node and the script
 * @returns the exit code, one of {@link exitCodes}
 * @example
 * process.exitCode = await main(['score', 'docked/*.pdbqt', '--receptor', 'protein.pdbqt']);
 */
export async function main(argv: readonly string[], terminal: Terminal = process): Promise<number> {
  const listening = interrupts();
  const release = [terminal.stdout, terminal.stderr].map(withoutUncaught);
  try {
    return await run(argv, terminal, listening);
  } finally {
    listening.stop();
    for (const each of release) await each();
  }
}

async function run(argv: readonly string[], terminal: Terminal, listening: Interrupts): Promise<number> {
  let code: number = exitCodes.done;
  let progress = noProgress;
  // Whatever happens then, the cursor is back.
  listening.signal.addEventListener('abort', () => progress.stop());
  const program = programOn(terminal);
  for (const [nth, { name, streams = false, declare, run: work }] of subcommands.entries()) {
    const command = program.command(name, { isDefault: nth === 0 });
    declare(command);
    command.option('--quiet', 'no progress').action(async () => {
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
            if (!listening.signal.aborted) progress.show(task, done, total);
          },
          stop: () => progress.stop(),
        },
        signal: listening.signal,
        unguarded: listening.unguarded,
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
    return endOf(error, terminal, listening.signal);
  } finally {
    progress.stop();
  }
}

/** Ends the program for a misspelt command, which would be a file of poses to `score`. */
function checkCommand(program: Command, [word = '']: readonly string[]): void {
  const names = subcommands.map(({ name }) => name);
  if (!/^[a-z]+$/i.test(word) || names.includes(word) || existsSync(word)) return;
  const similar = names.find(name => isMisspelt(word, name));
  if (similar) program.error(`error: unknown command '${word}'\n(Did you mean ${similar}?)`);
}

function programOn({ stdout, stderr }: Terminal): Command {
  return new Command('npm start --')
    .description('Scores, combines, refines and fits docked poses.')
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
Without a command it scores; with nothing at all, 64 poses of imatinib in c-Abl.

Examples:
  npm start -- docked.pdbqt --receptor protein.pdbqt
  npm start -- score docked/ --receptor protein.pdbqt --format csv --out scores.csv
  npm start -- score --help

Exit codes: 0 done, 1 error, 2 wrong usage, 3 done but for molecules that were
skipped, 130 interrupted.`,
    );
}

/** Tells how the program ended, unless that is told already. */
function endOf(error: unknown, { stderr }: Terminal, signal: AbortSignal): number {
  // Commander has already written its message, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  if (error instanceof ClosedPipe) return exitCodes.done;
  if (signal.aborted) {
    stderr.write(`${lineOf(signal.reason)}\n`);
    return exitCodes.interrupted;
  }
  stderr.write(`error: ${lineOf(error)}\n`);
  return exitCodes.error;
}
