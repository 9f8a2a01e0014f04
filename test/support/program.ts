import { type ChildProcess, spawn } from 'node:child_process';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { main } from '../../program/command/main.ts';

/** The output and exit code of a program. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Removes from stderr the note of `fit` that there are many parameters for few compounds, which is so in many tests. */
export function withoutNote<Result extends Pick<Ran, 'stderr'>>(ran: Result): Result {
  return { ...ran, stderr: ran.stderr.replace(/^note: fits \d+ parameters to .*\n/m, '') };
}

/** Runs the program in this process and captures its output. With `isTTY`, the program sees a terminal. */
export async function run(argv: readonly string[], isTTY = false): Promise<Ran> {
  const written = { stdout: '', stderr: '' };
  const streamTo = (name: keyof typeof written) => {
    const stream = new Writable({
      write(chunk, _encoding, done) {
        written[name] += chunk;
        done();
      },
    });
    return Object.assign(stream, { isTTY });
  };
  const code = await main(argv, { stdout: streamTo('stdout'), stderr: streamTo('stderr') });
  return { code, ...written };
}

const nodeFlags = '--import tsx --conditions=posetape:source'.split(' ');
const programFile = 'program/main.ts';
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Command line that starts the program in a shell whose folder is the root of the project. */
export const commandLine: string = [process.execPath, ...nodeFlags, programFile].join(' ');

/** Starts the program as a separate process. */
export function start(argv: readonly string[]): {
  readonly child: ChildProcess;
  readonly ended: Promise<Ran>;
} {
  return startProcess(process.execPath, [...nodeFlags, programFile, ...argv]);
}

/** Runs a command line in bash. */
export function shell(line: string): Promise<Ran> {
  return startProcess('bash', ['-c', line]).ended;
}

function startProcess(command: string, args: readonly string[]): ReturnType<typeof start> {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const written = { stdout: '', stderr: '' };
  child.stdout?.on('data', chunk => {
    written.stdout += chunk;
  });
  child.stderr?.on('data', chunk => {
    written.stderr += chunk;
  });
  const ended = new Promise<Ran>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', code => resolve({ code, ...written }));
  });
  return { child, ended };
}
