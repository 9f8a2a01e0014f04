import { type ChildProcess, spawn } from 'node:child_process';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { main } from '../../program/command/main.ts';

/** Output and end of a program. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program in this process with its outputs caught; they are no terminal unless said so. */
export async function run(argv: readonly string[], isTTY = false): Promise<Ran> {
  const written = { stdout: '', stderr: '' };
  const into = (name: keyof typeof written) => {
    const stream = new Writable({
      write(chunk, _encoding, done) {
        written[name] += chunk;
        done();
      },
    });
    return Object.assign(stream, { isTTY });
  };
  const code = await main(argv, { stdout: into('stdout'), stderr: into('stderr') });
  return { code, ...written };
}

const [node, file] = ['--import tsx --conditions=posetape:source'.split(' '), 'program/main.ts'];
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Command line of the program, to be run by a shell in the root of the project. */
export const commandLine: string = [process.execPath, ...node, file].join(' ');

/** The program as a process of its own. */
export function start(argv: readonly string[]): {
  readonly child: ChildProcess;
  readonly ended: Promise<Ran>;
} {
  return startProcess(process.execPath, [...node, file, ...argv]);
}

/** A line of shell as a process of its own. */
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
