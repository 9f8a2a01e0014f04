// npm run fit -- [folder] [--run name] [--steps n] [--rate r] [--chunk poses]: adds the jobs of each step to the queue, and prints
// the loss of each step and the final weights. Started again with the same --run, it continues where it stopped.
import { setTimeout as sleep } from 'node:timers/promises';
import { type FlowJob, FlowProducer, Queue } from 'bullmq';
import { fitOptions } from './options.ts';
import { compoundsOf, type Node, startOf, type Theta } from './step.ts';
import { connection, queues, Store } from './store.ts';

const { run, ...fit } = fitOptions();
const { folder, steps, rate } = fit;
const store = new Store();
const flows = new FlowProducer({ connection });
const reduce = new Queue(queues.reduce, { connection });
// Ignores errors: ioredis reports one whenever it cannot reach Redis, and tries again by itself.
flows.on('error', () => {});
reduce.on('error', () => {});

/** Returns a job that runs once its children are done. Its result is stored under `data.key`. */
const job = (
  name: string,
  queueName: string,
  data: { key: string; [name: string]: unknown },
  children: FlowJob[] = [],
): FlowJob => ({
  ...{ name, queueName, data, children },
  opts: {
    jobId: data.key,
    attempts: 20,
    backoff: { type: 'fixed', delay: 1000 }, // ms
    failParentOnFailure: true,
    removeOnComplete: { age: 600 }, // s
  },
});

/** Returns the job that computes the state of a node from the parameters stored under the key `theta`. */
const jobOf = (node: Node, theta: string): FlowJob => {
  const { key } = node;
  if ('chunk' in node) return job('score', queues.score, { key, folder, chunk: node.chunk, theta });
  const parts = node.parts.map(part => part.key);
  return job(
    'merge',
    queues.reduce,
    { key, parts },
    node.parts.map(part => jobOf(part, theta)),
  );
};

if (!(await store.get(`${run}.theta.0`))) await store.set(`${run}.theta.0`, await startOf(fit));
for (let step = 0; step < steps; step++) {
  const [theta, next, lossKey] = [`${run}.theta.${step}`, `${run}.theta.${step + 1}`, `${run}.loss.${step}`];
  if (!(await store.get(next)) && !(await reduce.getJob(next))) {
    const compounds = await compoundsOf(fit, `${run}.${step}`);
    const losses = compounds.map(({ name, pKi, root }) =>
      job('loss', queues.reduce, { key: `${run}.${step}.${name}`, state: root.key, pKi, theta }, [
        jobOf(root, theta),
      ]),
    );
    const keys = losses.map(({ data }) => data.key);
    await flows.add(job('step', queues.reduce, { key: next, compounds: keys, rate, theta, lossKey }, losses));
  }
  while (!(await store.get(next))) {
    const state = await (await reduce.getJob(next))?.getState();
    if (state === 'failed') throw new Error(`step ${step} failed: see the output of the workers`);
    await sleep(100);
  }
  console.log(`step ${step}: loss ${await store.get<number>(lossKey)}`);
}
console.log(JSON.stringify(await store.get<Theta>(`${run}.theta.${steps}`)));
await Promise.all([flows.close(), reduce.close()]);
store.close();
