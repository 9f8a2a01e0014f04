import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { atEnd, scratchFolder } from './at-end.ts';

/** Programs of a benchmark, bundled to JavaScript so that measured processes do not run tsx. */
export class Programs {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Bundles programs of a checkout, whose packages must be installed. The bundles are deleted when this process ends.
   *
   * @param sources paths relative to bench/, such as `subject.ts`
   * @param checkout folder of the checkout. Default: this one.
   */
  static async bundled(sources: readonly string[], checkout = '.'): Promise<Programs> {
    const folder = scratchFolder();
    await build({
      absWorkingDir: resolve(checkout),
      entryPoints: sources.map(source => join('bench', source)),
      outbase: 'bench',
      outdir: folder,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      splitting: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      conditions: ['posetape:source'],
      external: ['gpu.js', '@jax-js/jax', '@tensorflow/*'],
      logLevel: 'error',
    });
    // Lets the bundles find packages that are imported at run time.
    await symlink(resolve(checkout, 'node_modules'), join(folder, 'node_modules'), 'junction');
    if (sources.some(source => source.startsWith('peers/')))
      await symlink(
        resolve(checkout, 'bench/peers/node_modules'),
        join(folder, 'peers', 'node_modules'),
        'junction',
      );
    return new Programs(folder);
  }

  /** Starts a process that runs one of the sources. */
  start(source: string, args: readonly (string | number)[] = [], settings: Settings = {}): Measured {
    const program = join(this.#folder, source.replace(/\.m?[jt]s$/, '.mjs'));
    return new Measured(process.execPath, ['--expose-gc', program, ...args.map(String)], settings);
  }
}

/** Returns environment variables that make BLAS libraries use `count` threads. */
export const blasThreads = (count: number): Readonly<Record<string, string>> => ({
  OMP_NUM_THREADS: `${count}`,
  OPENBLAS_NUM_THREADS: `${count}`,
  MKL_NUM_THREADS: `${count}`,
});
/** Environment in which all libraries use one thread, as posetape does without a pool. */
const oneThread = blasThreads(1);

/** Start options of a measured process. */
export interface Settings {
  readonly env?: Readonly<Record<string, string>>;
  /** True to bind the process to one core. Default true. */
  readonly isPinned?: boolean;
}

/** Separate process that reads questions as lines on stdin and answers with lines of JSON. */
export class Measured {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  /** Cancels the action that ends the measured process when the current process ends. */
  readonly #cancelKill: () => void;
  #errors = '';

  constructor(command: string, args: readonly string[], { env = {}, isPinned = true }: Settings = {}) {
    const words = isPinned ? onOneCore([command, ...args]) : [command, ...args];
    this.#process = spawn(words[0] as string, words.slice(1), {
      env: { ...process.env, ...oneThread, BENCH_STARTED: `${Date.now()}`, ...env },
    });
    this.#process.stderr.on('data', (data: Buffer) => {
      this.#errors = `${this.#errors}${data}`.slice(-2000);
    });
    this.#cancelKill = atEnd(() => this.#process.kill());
    // Ignores errors of writing to a process that has ended. `ask` reports that its answer is missing.
    this.#process.stdin.on('error', () => {});
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /**
   * Asks a question and returns the answer.
   *
   * @throws Error with the last error output of the process, if it ends without an answer
   */
  async ask<Answer>(question: string): Promise<Answer> {
    this.#process.stdin.write(`${question}\n`);
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(this.#lastError());
      // Skips messages that libraries print.
      if (String(value).startsWith('{')) return JSON.parse(value) as Answer;
    }
  }

  #lastError(): string {
    const lines = this.#errors.split('\n').filter(line => line.trim() !== '');
    return lines.findLast(line => /error/i.test(line)) ?? lines.at(-1) ?? 'the process ended without output';
  }

  /** Ends the process and waits for its end. */
  async stop(): Promise<void> {
    this.#cancelKill();
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = new Promise(resolve => this.#process.once('exit', resolve));
    this.#process.kill();
    await ended;
  }
}

const lastCore = `${availableParallelism() - 1}`;
let pin: readonly string[] | undefined;

/** Returns the command bound to the last core, if the system has taskset; else the command itself. */
function onOneCore(command: readonly string[]): readonly string[] {
  pin ??= spawnSync('taskset', ['-c', lastCore, 'true']).status === 0 ? ['taskset', '-c', lastCore] : [];
  return [...pin, ...command];
}
