// npm run simulate: the time of many poses on many cores, by a simulation of the workers, the store and the reducer
// with costs measured on this machine. docs/cluster.md shows its output.
import { type Tensor, tensor } from 'posetape';
import { accumulatePoses, boltzmann } from 'posetape/combine';
import { command, whole, wholes } from '../bench/support/command.ts';
import { readMolecules } from '../program/read/files.ts';
import { vinaScorer } from '../program/score/vina-scorer.ts';

/** The seconds and bytes of a state with a given number of parameters. */
interface StateCosts {
  readonly parameters: number;
  /** The size as JSON. */
  readonly bytes: number;
  readonly write: number;
  readonly read: number;
  readonly merge: number;
}

/** The costs of a single server, Redis or a shared disk. */
interface StoreCosts {
  /** The server's seconds for a job of any size. */
  readonly job: number;
  readonly bytesPerSecond: number;
}

interface Run {
  readonly cores: number;
  readonly chunks: number;
  /** The seconds of a chunk's poses. */
  readonly work: number;
  readonly state: StateCosts;
  readonly store: StoreCosts;
  /** The number of states that a job merges. */
  readonly arity: number;
}

interface Outcome {
  readonly seconds: number;
  /** The share of the time that the store is busy. */
  readonly store: number;
  /** The share of the time that the one reducer is busy. */
  readonly reducer: number;
}

const layouts = { shards: byShards, tree: byTree, 'one reducer': byOneReducer } as const;

const cores = [1, 10, 100, 1000, 10_000];
const program = command('simulate', {
  does:
    'Simulates a step over many poses on many cores: workers that score chunks, a shared store, and the merging ' +
    'of states. It measures the costs of a pose of Vina and of a state first.',
  takes: 'about half a minute',
  writes: 'a table on standard output',
})
  .option('--poses <count>', 'number of poses of the step', whole, 1_000_000_000)
  .option('--cores <counts...>', 'how many', wholes(cores), cores)
  .option('--parameters <count>', 'number of parameters, which is the size of a state', whole, 6)
  .option('--pose <milliseconds>', 'time of a pose on a core (default: that of Vina, measured)', Number)
  .option('--chunk <poses>', 'poses of a job (default: about a second of work)', whole)
  .option('--arity <states>', 'number of states that a job of the tree merges', whole, 8)
  .option('--job <milliseconds>', 'time of the store for each job', Number, 1.1)
  .option('--network <gigabits>', 'network of the store, in Gbit/s', Number, 10)
  .option(
    '--bytes <factor>',
    'factor of the size of a state on the network, such as 0.375 for float32 without base64',
    Number,
    1,
  )
  .parse();
const given = program.opts<{
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

/** The seconds of a call, the least of several. */
function secondsOf(work: () => unknown): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 7; round++) {
    const begun = performance.now();
    let calls = 0;
    do {
      work();
      calls++;
    } while (performance.now() - begun < 60);
    least = Math.min(least, (performance.now() - begun) / 1000 / calls);
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

/** The seconds of a pose of Vina including reading, the least of several rounds. */
async function secondsOfPose(): Promise<number> {
  const data = 'examples/vina/data/imatinib-abl';
  const { params, score, posesPerTape, compound } = await vinaScorer(`${data}/pocket.pdbqt`);
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 15; round++) {
    const { poseOf } = compound();
    const poses = async function* () {
      for await (const molecule of readMolecules(`${data}/poses.pdbqt`)) yield poseOf(molecule);
    };
    const begun = performance.now();
    const { state } = await accumulatePoses({
      params,
      score,
      posesPerTape,
      combination: boltzmann(),
      poses: poses(),
    });
    least = Math.min(least, (performance.now() - begun) / 1000 / state.count);
  }
  return least;
}

/** A server that handles one request after the other. */
class Server {
  busy = 0;
  #free = 0;

  /** The time at which a request made at `time` is done, if it takes `seconds`. */
  serve(time: number, seconds: number): number {
    this.#free = Math.max(time, this.#free) + seconds;
    this.busy += seconds;
    return this.#free;
  }
}

/** A heap of times that returns the least first. */
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

/** Uniform between 0.8 and 1.2: chunks take different times. */
let seed = 1;
function jitter(): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return 0.8 + 0.4 * (seed / 2 ** 32);
}

/** Workers take chunks; each state goes through the store to one process that merges them all. */
function byOneReducer(run: Run): Outcome {
  const { state } = run;
  const reducer = new Server();
  let end = 0;
  const { store } = work(run, time => {
    end = reducer.serve(time, state.read + state.merge);
  });
  return { seconds: end, store: store.busy / end, reducer: reducer.busy / end };
}

/** Workers take chunks, and jobs that merge `arity` states; ready jobs come first. */
function byTree(run: Run): Outcome {
  const { state, store: costs, arity } = run;
  const wire = state.bytes / costs.bytesPerSecond;
  // All states of a level are equal, so any `arity` of them make a job.
  let [states, last] = [0, 0];
  const { store } = work(
    run,
    time => {
      states++;
      last = time;
    },
    (time, server) => {
      if (states < arity) return undefined;
      states -= arity;
      const read = server.serve(time, costs.job + arity * wire);
      return read + arity * (state.read + state.merge) + state.write;
    },
  );
  // The last job merges the rest.
  const seconds = last + costs.job + states * (wire + state.read + state.merge);
  return { seconds, store: store.busy / seconds, reducer: 0 };
}

/** Each core has one shard, merges its own states, and writes one file of about 2 log₂ nodes; one process merges the files. */
function byShards({ cores: n, chunks, work: seconds, state, store: costs }: Run): Outcome {
  const each = Math.ceil(chunks / n);
  const nodes = Math.max(1, Math.ceil(2 * Math.log2(each)));
  const store = new Server();
  let scored = 0;
  for (let core = 0; core < n; core++) {
    let time = each > 1000 ? each * seconds : 0;
    if (time === 0) for (let i = 0; i < each; i++) time += seconds * jitter();
    time += each * state.merge + nodes * state.write;
    scored = Math.max(scored, time);
  }
  const files = (n * nodes * state.bytes) / costs.bytesPerSecond;
  const written = store.serve(scored, files);
  const end = store.serve(written, files) + n * nodes * (state.read + state.merge);
  const merging = end - written;
  return { seconds: end, store: store.busy / end, reducer: merging / end };
}

/** Workers take a job from `other`, or else a chunk, until none is left. `onState` is called for each stored state. */
function work(
  { cores: n, chunks, work: seconds, state, store: costs }: Run,
  onState: (time: number) => void,
  other: (time: number, store: Server) => number | undefined = () => undefined,
): { readonly store: Server } {
  const store = new Server();
  const wire = state.bytes / costs.bytesPerSecond;
  let left = chunks;
  const [free, writing] = [new Times(), new Times()];
  // The parameters, as float64.
  const theta = (8 * state.parameters) / costs.bytesPerSecond;
  for (let i = 0; i < Math.min(n, chunks); i++) free.push(store.serve(0, theta));
  while (free.size > 0 || writing.size > 0) {
    if (writing.size > 0 && (free.size === 0 || writing.least <= free.least)) {
      const stored = store.serve(writing.pop(), wire);
      onState(stored);
      free.push(stored);
      continue;
    }
    const time = free.pop();
    const merged = other(time, store);
    if (merged !== undefined) writing.push(merged);
    else if (left > 0) {
      left--;
      writing.push(store.serve(time, costs.job) + seconds * jitter() + state.write);
    }
  }
  return { store };
}

const pose = given.pose === undefined ? await secondsOfPose() : given.pose / 1000;
const measured = stateCosts(given.parameters);
const state = { ...measured, bytes: measured.bytes * given.bytes };
const chunk = given.chunk ?? Math.max(1, Math.round(1 / pose));
const store = { job: given.job / 1000, bytesPerSecond: (given.network * 1e9) / 8 };
const chunks = Math.ceil(given.poses / chunk);
const milliseconds = (seconds: number) => `${(1000 * seconds).toPrecision(2)} ms`;
console.log(
  `pose ${milliseconds(pose)}; chunk ${chunk} poses, ${chunks} chunks; state of ${given.parameters} parameters: ` +
    `${(state.bytes / 1000).toPrecision(2)} kB, write ${milliseconds(state.write)}, read ${milliseconds(state.read)}, ` +
    `merge ${milliseconds(state.merge)}; store ${given.job} ms a job, ${given.network} Gbit/s\n`,
);
console.log('| cores | layout | time, h | of ideal | store busy | reducer busy |');
console.log('| ---: | --- | ---: | ---: | ---: | ---: |');
for (const n of given.cores)
  for (const [name, layout] of Object.entries(layouts)) {
    const { seconds, ...busy } = layout({
      cores: n,
      chunks,
      work: chunk * pose,
      state,
      store,
      arity: given.arity,
    });
    const ideal = (given.poses * pose) / n;
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
