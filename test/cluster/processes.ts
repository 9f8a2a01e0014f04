import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Environment variable that marks all processes of a test and their descendants. */
const variable = 'POSETAPE_CLUSTER_TEST';

/** A running process. */
export interface RunningProcess {
  readonly pid: number;
  readonly command: string;
  readonly environment: string;
}

/** Output and exit code of a process. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts processes with a mark in their environment, kills some, and lists those that are left. */
export class Processes {
  readonly #mark: string;
  readonly #random: () => number;

  constructor(mark: string, random: () => number) {
    this.#mark = mark;
    this.#random = random;
  }

  start(
    command: string,
    args: readonly string[],
    { env = {}, cwd = '.' }: { env?: Readonly<Record<string, string>>; cwd?: string } = {},
  ): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env, [variable]: this.#mark },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const written = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name]?.on('data', text => {
        written[name] += text;
      });
    const ended = new Promise<Ended>((resolve, reject) => {
      child.on('error', reject);
      // Listens to `exit`, because `close` may not come: daemons keep open the pipes of the process that started them.
      child.on('exit', code => setImmediate(() => resolve({ code, ...written })));
    });
    return { child, ended };
  }

  /**
   * Runs a process to its end.
   *
   * @returns its standard output
   * @throws Error with its output, if its exit code is not 0
   */
  async run(...words: Parameters<Processes['start']>): Promise<string> {
    const { child, ended } = this.start(...words);
    const closed = new Promise(resolve => child.on('close', resolve));
    const { code } = await ended;
    await Promise.race([closed, new Promise(resolve => setTimeout(resolve, 500))]);
    const { stdout, stderr } = await ended;
    if (code === 0) return stdout;
    throw new Error(`${words[0]} ${words[1].join(' ')}: exit code ${code}\n${stdout}${stderr}`);
  }

  /** All running processes with the mark. */
  running(): RunningProcess[] {
    return readdirSync('/proc')
      .filter(name => /^\d+$/.test(name))
      .flatMap(name => {
        try {
          const environment = readFileSync(`/proc/${name}/environ`, 'utf8');
          if (!environment.split('\0').includes(`${variable}=${this.#mark}`)) return [];
          const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
          return [{ pid: Number(name), command, environment }];
        } catch {
          return [];
        }
      });
  }

  /** Kills a random process that `isTarget` accepts, by `kill -9`. Returns true if there was such a process. */
  killOne(isTarget: (running: RunningProcess) => boolean): boolean {
    const targets = this.running().filter(isTarget);
    const chosen = targets[Math.floor(this.#random() * targets.length)];
    if (!chosen) return false;
    try {
      process.kill(chosen.pid, 'SIGKILL');
      return true;
    } catch {
      return false;
    }
  }

  /** Waits up to ten seconds for all processes to end, and returns those that are still running. */
  async left(): Promise<RunningProcess[]> {
    for (let tries = 0; tries < 50 && this.running().length > 0; tries++)
      await new Promise(resolve => setTimeout(resolve, 200));
    return this.running();
  }
}
