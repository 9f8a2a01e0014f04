// Script of a page under a Content-Security-Policy: computes a gradient by each executor, in the page and in workers.

import { type Executor, evaluate, gradient, interpreter, jit, Tape } from 'posetape';
import { boltzmann, combinePoses } from 'posetape/combine';
import { gpu } from 'posetape/gpu';
import { exp, sum } from 'posetape/ops';
import { workers } from 'posetape/parallel';
import { wasm } from 'posetape/wasm';
import { params, type Sent, score, type Theta } from '../parallel/scorer.ts';

/**
 * Outcome of each executor: its name and the derivative of eˣ at 0, or the message of its error. For poses in the page and
 * in workers, only the name of the executor that scored them, or the message.
 */
export type Outcomes = Readonly<Record<string, string>>;

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

/** Name of the executor that scores poses in the page, or in workers if `threads` is not 0. */
async function posesBy(threads: number): Promise<string> {
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

// Runs when the page loads, since the policy does not apply to code that a test evaluates later.
async function outcomesOf(): Promise<Outcomes> {
  const outcomes: Record<string, string> = {};
  for (const [name, make] of Object.entries(executors)) outcomes[name] = await slopeBy(make);
  return { ...outcomes, 'poses in the page': await posesBy(0), 'poses in workers': await posesBy(2) };
}

Object.assign(globalThis, { outcomes: outcomesOf() });
