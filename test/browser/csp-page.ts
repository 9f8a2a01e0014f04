// What runs in a page under a policy: a gradient by each executor, in the page and by workers.

import { type Executor, evaluate, gradient, interpreter, jit, Tape } from 'posetape';
import { boltzmann, combinePoses } from 'posetape/combine';
import { gpu } from 'posetape/gpu';
import { exp, sum } from 'posetape/ops';
import { workers } from 'posetape/parallel';
import { wasm } from 'posetape/wasm';
import { params, type Sent, score, type Theta } from '../parallel/scorer.ts';

/** By executor: its name and the derivative of eˣ at 0, or the message of its error. */
export type Found = Readonly<Record<string, string>>;

const executors: Record<string, () => Executor | Promise<Executor>> = {
  interpreter: () => interpreter(),
  jit: () => jit(),
  wasm: () => wasm(),
  webgl2: () => gpu({ mode: 'webgl2' }),
  webasm: () => gpu({ mode: 'webasm' }),
  cpu: () => gpu({ mode: 'cpu' }),
};

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

async function slopeBy(make: () => Executor | Promise<Executor>): Promise<string> {
  try {
    const executor = await make();
    const x = new Tape().parameter([0]);
    const [slope] = await evaluate(gradient(sum(exp(x)), [x]), { executor });
    return `${executor.name}: ${slope?.data[0]}`;
  } catch (error) {
    return messageOf(error);
  }
}

/** The executor that scores poses in the page, or in workers. */
async function poses(threads: number): Promise<string> {
  const sent: Sent[] = [{ distances: [3, 3.5] }, { distances: [2.5] }];
  const combination = boltzmann({ kT: 0.5 });
  if (threads === 0) {
    const { stats } = await combinePoses<Sent, Theta>({ poses: sent, params, score, combination });
    return stats.executor;
  }
  const { location } = globalThis as unknown as { readonly location: { readonly href: string } };
  const pool = workers({ module: new URL('/scorer.js', location.href), threads });
  try {
    const { stats } = await combinePoses<Sent, Theta>({ pool, poses: sent, params, combination });
    return stats.executor;
  } catch (error) {
    return messageOf(error);
  } finally {
    await pool.close();
  }
}

// Now, since a Content-Security-Policy does not hold for what a test evaluates later.
async function find(): Promise<Found> {
  const found: Record<string, string> = {};
  for (const [name, make] of Object.entries(executors)) found[name] = await slopeBy(make);
  return { ...found, 'poses in the page': await poses(0), 'poses in workers': await poses(2) };
}

Object.assign(globalThis, { found: find() });
