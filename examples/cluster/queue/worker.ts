// npm run worker: runs jobs until it is stopped. Start one per core, on any number of machines that can reach Redis and the folder
// of poses.
import { type Job, Worker } from 'bullmq';
import type { AccumulatorJSON } from 'posetape/combine';
import {
  type Chunk,
  type CompoundLoss,
  lossOf,
  mergeStates,
  scoreChunk,
  type Theta,
  takeStep,
} from './step.ts';
import { connection, queues, Store } from './store.ts';

const store = new Store();
const thetaOf = async (key: string) => (await store.all<Theta>([key]))[0] as Theta;

/** Work of each kind of job, by the kind's name. Strings such as `theta` and `state` in the data are keys of results. */
const work = {
  async score({ folder, chunk, theta }: { folder: string; chunk: Chunk; theta: string }) {
    return scoreChunk(folder, chunk, await thetaOf(theta));
  },
  async merge({ parts }: { parts: string[] }) {
    return mergeStates(await store.all<AccumulatorJSON>(parts));
  },
  async loss({ state, pKi, theta }: { state: string; pKi: number; theta: string }) {
    const [merged] = await store.all<AccumulatorJSON>([state]);
    return lossOf(merged as AccumulatorJSON, pKi, await thetaOf(theta));
  },
  async step({
    compounds,
    rate,
    theta,
    lossKey,
  }: {
    compounds: string[];
    rate: number;
    theta: string;
    lossKey: string;
  }) {
    const next = takeStep(await thetaOf(theta), rate, await store.all<CompoundLoss>(compounds));
    await store.set(lossKey, next.loss);
    return next.theta;
  },
};

/** Runs a job and stores its result under the job's key. */
async function run({ name, data }: Job): Promise<void> {
  await store.set(data.key, await work[name as keyof typeof work](data));
}

const options = {
  connection,
  // The lock of a dead worker expires after 5 s. Then another worker takes the job.
  ...{ lockDuration: 5000, stalledInterval: 2000, maxStalledCount: 100 },
};
const workers = Object.values(queues).map(queue => new Worker(queue, run, options));
for (const worker of workers) {
  // Ignores errors: ioredis reports one whenever it cannot reach Redis, and tries again by itself.
  worker.on('error', () => {});
  worker.on('failed', (job, error) => console.error(`${job?.id}: ${error.message}`));
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    // Closing waits for Redis, which may be unreachable. So the process ends after 10 s in any case. Other workers then
    // take over its jobs.
    setTimeout(() => process.exit(1), 10_000).unref();
    await Promise.all(workers.map(worker => worker.close()));
    store.close();
  });
}
