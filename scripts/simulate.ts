// npm run simulate: estimates the time to score many poses on many cores. It simulates the workers, the store and the reducer
// with costs measured on this machine. docs/cluster.md shows its output.
import { type Tensor, tensor } from 'posetape';
import { accumulatePoses, boltzmann } from 'posetape/combine';
import { command, whole, wholes } from '../bench/support/command.ts';
import { readMolecules } from '../program/read/files.ts';
import { vinaScorer } from '../program/score/vina-scorer.ts';

/** Costs of a state: its size, and seconds to write, read and merge it. */
interface StateCosts {
  /** Number of parameters. */
  readonly parameters: number;
  /** Size as JSON. */
  readonly bytes: number;
  readonly write: number;
  readonly read: number;
  readonly merge: number;
}

/** Costs of the store, which is a single server such as Redis or a shared disk. */
interface StoreCosts {
  /** Seconds that the server spends on each job. */
  readonly job: number;
  readonly bytesPerSecond: number;
}

interface Run {
  readonly cores: number;
  readonly chunks: number;
  /** Seconds to score the poses of a chunk. */
  readonly chunkSeconds: number;
  readonly state: StateCosts;
  readonly store: StoreCosts;
  /** Number of states that a job merges. */
  readonly arity: number;
}

interface Outcome {
  readonly seconds: number;
  /** Share of the time that the store is busy. */
  readonly store: number;
  /** Share of the time that the one reducer is busy. */
  readonly reducer: number;
}

const layouts = { shards: byShards, tree: byTree, 'one reducer': byOneReducer } as const;

const cores = [1, 10, 100, 1000, 10_000];
const program = command('simulate', {
  does:
    'Estimates the time to score many poses on many cores. It measures the costs of a Vina pose and of a state, then ' +
    'simulates workers that score chunks, a shared store, and the merging of states.',
  takes: 'about half a minute',
  writes: 'a table to stdout',
})
  .option('--poses <count>', 'number of poses', whole, 1_000_000_000)
  .option('--cores <counts...>', 'numbers of cores', wholes(cores), cores)
  .option('--parameters <count>', 'number of parameters, which sets the size of a state', whole, 6)
  .option('--pose <milliseconds>', 'time to score a pose on one core (default: measured with Vina)', Number)
  .option('--chunk <poses>', 'poses per job (default: about a second of work)', whole)
  .option('--arity <states>', 'states that a merging job merges', whole, 8)
  .option('--job <milliseconds>', 'time that the store takes for each job', Number, 1.1)
  .option('--network <gigabits>', 'bandwidth of the store in Gbit/s', Number, 10)
  .option(
    '--bytes <factor>',
    'size of a state on the network relative to its JSON, such as 0.375 for raw float32',
    Number,
    1,
  )
  .parse();
const options = program.opts<{
  poses: number;
  cores: readonly number[];
  parameters: number;
  pose?: number;
  chunk?: number;
  arity: number;
  job: number;
  network: number;
  bytes: number;
}>();

/** Returns the seconds that a call takes: the minimum over several rounds. */
function secondsOf(call: () => unknown): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 7; round++) {
    const start = performance.now();
    let calls = 0;
    do {
      call();
      calls++;
    } while (performance.now() - start < 60);
    least = Math.min(least, (performance.now() - start) / 1000 / calls);
  }
  return least;
}

function stateCosts(parameters: number): StateCosts {
  const pooling = boltzmann();
  const [a, b] = [-7, -8].map(score => {
    const theta: Record<string, Tensor> = {
      theta: tensor(
        Float64Array.from({ length: parameters }, (_, i) => i / 7),
        [parameters],
      ),
    };
    const state = pooling.accumulator();
    state.add(score, theta);
    return state;
  }) as [ReturnType<typeof pooling.accumulator>, ReturnType<typeof pooling.accumulator>];
  const json = JSON.stringify(a);
  return {
    parameters,
    bytes: json.length,
    write: secondsOf(() => JSON.stringify(a)),
    read: secondsOf(() => pooling.accumulator(JSON.parse(json))),
    merge: secondsOf(() => a.merge(b)),
  };
}

/** Returns the seconds to read and score a Vina pose: the minimum over several rounds. */
async function secondsOfPose(): Promise<number> {
  const data = 'examples/vina/data/imatinib-abl';
  const { params, score, posesPerTape, compound } = await vinaScorer(`${data}/pocket.pdbqt`);
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 15; round++) {
    const { poseOf } = compound();
    const poses = async function* () {
      for await (const molecule of readMolecules(`${data}/poses.pdbqt`)) yield poseOf(molecule);
    };
    const start = performance.now();
    const { state } = await accumulatePoses({
      params,
      score,
      posesPerTape,
      combination: boltzmann(),
      poses: poses(),
    });
    least = Math.min(least, (performance.now() - start) / 1000 / state.count);
  }
  return least;
}

/** Server that handles one request at a time. */
class Server {
  /** Total seconds of all requests. */
  busy = 0;
  #freeAt = 0;

  /** Handles a request made at `time` that takes `seconds`. Returns the time at which it is done. */
  serve(time: number, seconds: number): number {
    this.#freeAt = Math.max(time, this.#freeAt) + seconds;
    this.busy += seconds;
    return this.#freeAt;
  }
}

/** Binary heap of times. The least time is on top. */
class Times {
  readonly #heap: number[] = [];
  get size(): number {
    return this.#heap.length;
  }
  get least(): number {
    return this.#heap[0] as number;
  }
  push(time: number): void {
    const heap = this.#heap;
    let at = heap.push(time) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if ((heap[above] as number) <= time) break;
      heap[at] = heap[above] as number;
      at = above;
    }
    heap[at] = time;
  }
  pop(): number {
    const heap = this.#heap;
    const least = heap[0] as number;
    const last = heap.pop() as number;
    if (heap.length === 0) return least;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && (heap[below + 1] as number) < (heap[below] as number)) below++;
      if ((heap[below] as number) >= last) break;
      heap[at] = heap[below] as number;
      at = below;
    }
    heap[at] = last;
    return least;
  }
}

let seed = 1;
/** Returns a random factor between 0.8 and 1.2 for the time of a chunk, because not all chunks take equally long. */
function jitter(): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return 0.8 + 0.4 * (seed / 2 ** 32);
}

/** Simulates workers that score chunks and put their states in the store, and one process that merges all these states. */
function byOneReducer(run: Run): Outcome {
  const { state } = run;
  const reducer = new Server();
  let end = 0;
  const { store } = simulateWorkers(run, time => {
    end = reducer.serve(time, state.read + state.merge);
  });
  return { seconds: end, store: store.busy / end, reducer: reducer.busy / end };
}

/** Simulates workers that score chunks and also run jobs that merge `arity` states. Merging jobs have priority. */
function byTree(run: Run): Outcome {
  const { state, store: costs, arity } = run;
  // Seconds to send a state.
  const sendSeconds = state.bytes / costs.bytesPerSecond;
  // Simplification: any `arity` stored states make a merging job, wherever they are in the tree.
  let [states, lastStored] = [0, 0];
  const { store } = simulateWorkers(
    run,
    time => {
      states++;
      lastStored = time;
    },
    (time, server) => {
      if (states < arity) return undefined;
      states -= arity;
      const readAt = server.serve(time, costs.job + arity * sendSeconds);
      return readAt + arity * (state.read + state.merge) + state.write;
    },
  );
  // The last job merges the rest.
  const seconds = lastStored + costs.job + states * (sendSeconds + state.read + state.merge);
  return { seconds, store: store.busy / seconds, reducer: 0 };
}

/**
 * Simulates one shard per core. A core merges the states of its c chunks and writes a file with about 2 log₂ c
 * states. One process merges the files.
 */
function byShards({ cores: n, chunks, chunkSeconds, state, store: costs }: Run): Outcome {
  const perCore = Math.ceil(chunks / n);
  const statesPerFile = Math.max(1, Math.ceil(2 * Math.log2(perCore)));
  const store = new Server();
  let scored = 0;
  for (let core = 0; core < n; core++) {
    // Over many chunks the jitter averages out.
    let time = perCore > 1000 ? perCore * chunkSeconds : 0;
    if (time === 0) for (let i = 0; i < perCore; i++) time += chunkSeconds * jitter();
    time += perCore * state.merge + statesPerFile * state.write;
    scored = Math.max(scored, time);
  }
  const fileSeconds = (n * statesPerFile * state.bytes) / costs.bytesPerSecond;
  const written = store.serve(scored, fileSeconds);
  const end = store.serve(written, fileSeconds) + n * statesPerFile * (state.read + state.merge);
  const merging = end - written;
  return { seconds: end, store: store.busy / end, reducer: merging / end };
}

/**
 * Simulates workers that score chunks until no chunk is left. A free worker first calls `other`, which returns the
 * time at which a job of another kind is done, or undefined if there is no such job. `onState` is called with the
 * time at which each state is stored.
 */
function simulateWorkers(
  { cores: n, chunks, chunkSeconds, state, store: costs }: Run,
  onState: (time: number) => void,
  other: (time: number, store: Server) => number | undefined = () => undefined,
): { readonly store: Server } {
  const store = new Server();
  // Seconds to send a state.
  const sendSeconds = state.bytes / costs.bytesPerSecond;
  let left = chunks;
  // The times at which workers become free, and at which workers begin to send a state to the store.
  const [free, writing] = [new Times(), new Times()];
  // Seconds to send the parameters as float64.
  const parameterSeconds = (8 * state.parameters) / costs.bytesPerSecond;
  for (let i = 0; i < Math.min(n, chunks); i++) free.push(store.serve(0, parameterSeconds));
  while (free.size > 0 || writing.size > 0) {
    if (writing.size > 0 && (free.size === 0 || writing.least <= free.least)) {
      const stored = store.serve(writing.pop(), sendSeconds);
      onState(stored);
      free.push(stored);
      continue;
    }
    const time = free.pop();
    const merged = other(time, store);
    if (merged !== undefined) writing.push(merged);
    else if (left > 0) {
      left--;
      writing.push(store.serve(time, costs.job) + chunkSeconds * jitter() + state.write);
    }
  }
  return { store };
}

const pose = options.pose === undefined ? await secondsOfPose() : options.pose / 1000;
const measured = stateCosts(options.parameters);
const state = { ...measured, bytes: measured.bytes * options.bytes };
const chunk = options.chunk ?? Math.max(1, Math.round(1 / pose));
const store = { job: options.job / 1000, bytesPerSecond: (options.network * 1e9) / 8 };
const chunks = Math.ceil(options.poses / chunk);
const milliseconds = (seconds: number) => `${(1000 * seconds).toPrecision(2)} ms`;
console.log(
  `pose ${milliseconds(pose)}; chunk ${chunk} poses, ${chunks} chunks; state of ${options.parameters} parameters: ` +
    `${(state.bytes / 1000).toPrecision(2)} kB, write ${milliseconds(state.write)}, read ${milliseconds(state.read)}, ` +
    `merge ${milliseconds(state.merge)}; store ${options.job} ms a job, ${options.network} Gbit/s\n`,
);
console.log('| cores | layout | time, h | of ideal | store busy | reducer busy |');
console.log('| ---: | --- | ---: | ---: | ---: | ---: |');
for (const n of options.cores)
  for (const [name, layout] of Object.entries(layouts)) {
    const { seconds, ...busy } = layout({
      cores: n,
      chunks,
      chunkSeconds: chunk * pose,
      state,
      store,
      arity: options.arity,
    });
    const ideal = (options.poses * pose) / n;
    const percent = (share: number) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
    const cells = [
      n,
      name,
      (seconds / 3600).toPrecision(3),
      percent(ideal / seconds),
      percent(busy.store),
      percent(busy.reducer),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
