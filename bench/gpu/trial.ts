import { type Executor, type JitExecutor, jit } from 'posetape';
import { combinePoses, lse } from 'posetape/combine';
import { type GpuExecutor, gpu } from 'posetape/gpu';
import { record, withGradient } from '../loops.ts';
import type { Task } from '../workloads/tasks.ts';
import { adapterOf } from './adapter.ts';
import type { Engine, Facts, First, Ingredients, Phase, Times } from './names.ts';
import { taskOf } from './task.ts';
import { Watch, watchEngine } from './watch.ts';

/** A round is long enough for the clocks of a browser, in milliseconds. */
const roundLength = 300;
/** The tiny workload takes at least so many kernels. */
const manyKernels = 60;

/** One engine on one workload, in a process or a page that has no other. */
export class Trial {
  readonly #task: Task;
  readonly #executor: GpuExecutor | JitExecutor;
  readonly #engine: Engine;
  readonly #watch: Watch;
  #passes = 1;

  private constructor(task: Task, executor: GpuExecutor | JitExecutor, engine: Engine, watch: Watch) {
    this.#task = task;
    this.#executor = executor;
    this.#engine = engine;
    this.#watch = watch;
  }

  /** `clock` is what phases are measured by. */
  static async open(
    ingredients: Ingredients,
    engine: Engine,
    clock: () => number = () => performance.now(),
  ): Promise<Trial> {
    const watch = new Watch(clock);
    const opened = watchEngine(engine, watch);
    const executor = engine === 'jit' ? jit({ precision: 'float32' }) : await gpu({ mode: engine });
    await opened();
    let depth = 1;
    let task = taskOf(ingredients, depth);
    if (ingredients.workload === 'tiny') {
      while ((kernelsOf(executor, task) ?? manyKernels) < manyKernels) task = taskOf(ingredients, ++depth);
    }
    return new Trial(task, executor, engine, watch);
  }

  /** The first pose, for which a pipeline is compiled, and the second, for which none is. */
  async first(): Promise<First> {
    const { poses } = this.#task;
    const times: number[] = [];
    for (let i = 0; i < 2; i++) {
      const start = this.#watch.clock();
      await this.#run(poses.slice(0, 1));
      times.push(this.#watch.clock() - start);
    }
    const [first, second] = times as [number, number];
    return { first, second };
  }

  /** All poses once. */
  async facts(): Promise<Facts> {
    const { poses } = this.#task;
    const gpu = 'backend' in this.#executor ? this.#executor : null;
    const before = gpu?.device ?? none;
    const { value, norm } = await this.#run(poses);
    const device = gpu?.device ?? none;
    const perPose = (name: 'launches' | 'readbacks') => (device[name] - before[name]) / poses.length;
    return {
      value,
      norm,
      kernels: kernelsOf(this.#executor, this.#task),
      pipelines: gpu?.compiled ?? null,
      launches: perPose('launches'),
      readbacks: perPose('readbacks'),
      bytes: device.bytes,
      peakBytes: device.peakBytes,
      fallbackReason: gpu?.fallbackReason ?? null,
      adapter: await adapterOf(this.#engine),
    };
  }

  /** Decides how often a round goes over the poses, until all code is warm. */
  async warmUp(): Promise<void> {
    let [spent, runs] = [0, 0];
    let last = 0;
    while (spent < 2 * roundLength || runs < 2) {
      last = (await this.#run(this.#task.poses)).wall;
      spent += last;
      runs++;
      if (last > 10 * roundLength) break;
    }
    this.#passes = Math.max(1, Math.round(roundLength / last));
  }

  async round(): Promise<Times> {
    const { poses } = this.#task;
    this.#watch.reset();
    let total = 0;
    for (let i = 0; i < this.#passes; i++) total += (await this.#run(poses)).wall;
    this.#watch.enter('rest');
    const count = this.#passes * poses.length;
    const each = Object.entries(this.#watch.totals).map(([phase, time]) => [phase, time / count] as const);
    return { wall: total / count, phases: Object.fromEntries(each) as Record<Phase, number>, poses: count };
  }

  async #run(poses: readonly unknown[]): Promise<{ wall: number; value: number; norm: number }> {
    const { params, score } = this.#task;
    const start = performance.now();
    const result = await combinePoses({ poses, params, score, combination: lse(), executor: this.#watched });
    const wall = performance.now() - start;
    const squares = Object.values(result.gradient).flatMap(({ data }) => Array.from(data, x => x * x));
    return { wall, value: result.value, norm: Math.sqrt(squares.reduce((sum, square) => sum + square, 0)) };
  }

  /** The executor with its time up to the first GPU call counted as upload: it lays out inputs then. */
  get #watched(): Executor {
    const [executor, watch] = [this.#executor, this.#watch];
    const { name, precision, stops } = executor;
    if (this.#engine === 'jit' || this.#engine === 'cpu') return executor;
    return {
      name,
      precision,
      stops,
      run: async (wanted, options) => {
        watch.enter('upload');
        try {
          return await executor.run(wanted, options);
        } finally {
          watch.enter('rest');
        }
      },
    };
  }
}

const none = { launches: 0, readbacks: 0, bytes: 0, peakBytes: 0 };

/** Read off the listing, which says how many there are before it shows them. */
function kernelsOf(executor: GpuExecutor | JitExecutor, { params, score, poses }: Task): number | null {
  if (!('backend' in executor)) return null;
  const listing = executor.explain(withGradient(record(score, params, poses[0])));
  return Number(/^\/\/ (\d+) kernels/.exec(listing)?.[1]);
}
