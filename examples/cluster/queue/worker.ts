// npm run worker: scores chunks and reduces their states until it is ended. Start as many as there are cores, on any number of
// machines that see Redis and the folder of poses.
import { type Job, Worker } from 'bullmq';
import type { AccumulatorJSON } from 'posetape/combine';
import { type Chunk, type Closed, closed, merged, scored, stepped, type Theta } from './step.ts';
import { connection, queues, Store } from './store.ts';

const store = new Store();
const thetaOf = async (key: string) => (await store.all<Theta>([key]))[0] as Theta;

/** Jobs by their name; `key` is where the result goes. */
const work = {
  async score({ folder, chunk, theta }: { folder: string; chunk: Chunk; theta: string }) {
    return scored(folder, chunk, await thetaOf(theta));
  },
  async merge({ parts }: { parts: string[] }) {
    return merged(await store.all<AccumulatorJSON>(parts));
  },
  async close({ state, pKi, theta }: { state: string; pKi: number; theta: string }) {
    const [sums] = await store.all<AccumulatorJSON>([state]);
    return closed(sums as AccumulatorJSON, pKi, await thetaOf(theta));
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
    const next = stepped(await thetaOf(theta), rate, await store.all<Closed>(compounds));
    await store.set(lossKey, next.loss);
    return next.theta;
  },
};

async function run({ name, data }: Job): Promise<void> {
  await store.set(data.key, await work[name as keyof typeof work](data));
}

const options = {
  connection,
  // A worker that dies loses its lock after 5 s, and another takes the job.
  ...{ lockDuration: 5000, stalledInterval: 2000, maxStalledCount: 100 },
};
const workers = Object.values(queues).map(queue => new Worker(queue, run, options));
for (const worker of workers) {
  // Told by ioredis whenever Redis is away.
  worker.on('error', () => {});
  worker.on('failed', (job, error) => console.error(`${job?.id}: ${error.message}`));
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    // Redis may be away, and others take what is left.
    setTimeout(() => process.exit(1), 10_000).unref();
    await Promise.all(workers.map(worker => worker.close()));
    store.close();
  });
}
