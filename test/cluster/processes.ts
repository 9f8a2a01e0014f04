import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Variable by which all processes of a test are known, and those that they start. */
const variable = 'POSETAPE_CLUSTER_TEST';

/** A running process. */
export interface Found {
  readonly pid: number;
  readonly command: string;
  readonly environment: string;
}

/** Outputs and exit code of a process. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts processes that are known by a mark, kills some, and tells which are left. */
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
      // Daemons keep the pipes of who started them.
      child.on('exit', code => setImmediate(() => resolve({ code, ...written })));
    });
    return { child, ended };
  }

  /** @throws Error with what it wrote, unless it ends well */
  async run(...words: Parameters<Processes['start']>): Promise<string> {
    const { child, ended } = this.start(...words);
    const closed = new Promise(resolve => child.on('close', resolve));
    const { code } = await ended;
    await Promise.race([closed, new Promise(resolve => setTimeout(resolve, 500))]);
    const { stdout, stderr } = await ended;
    if (code === 0) return stdout;
    throw new Error(`${words[0]} ${words[1].join(' ')}: exit code ${code}\n${stdout}${stderr}`);
  }

  /** All processes that are running. */
  running(): Found[] {
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

  /** Kills a random one of those that are meant by `kill -9`; tells whether there was one. */
  killOne(isMeant: (found: Found) => boolean): boolean {
    const meant = this.running().filter(isMeant);
    const chosen = meant[Math.floor(this.#random() * meant.length)];
    if (!chosen) return false;
    try {
      process.kill(chosen.pid, 'SIGKILL');
      return true;
    } catch {
      return false;
    }
  }

  /** Processes that are still there after a while. */
  async left(): Promise<Found[]> {
    for (let tries = 0; tries < 50 && this.running().length > 0; tries++)
      await new Promise(resolve => setTimeout(resolve, 200));
    return this.running();
  }
}
