// What runs in the page: programs and functions by wasm, as numbers that can be sent back.

import { jit, type SyncExecutor, Tape, type Tensor, type Value } from 'posetape';
import { cos, exp, log, softplus, tanh } from 'posetape/ops';
import { wasm } from 'posetape/wasm';
import type { Pose, Program } from '../support/programs.ts';
import { toSecondOrder } from '../support/second-order.ts';

type FunctionName = 'exp' | 'log' | 'tanh' | 'cos' | 'softplus';

const functions: Readonly<Record<FunctionName, (x: Value) => Value>> = { exp, log, tanh, cos, softplus };

/** Functions of the page that the test calls. */
export interface Asked {
  /** Names of what runs, or the error's message. */
  names(): { wasm: string; jit: string };
  program(program: Program, pose: Pose): Tensor[];
  values(name: FunctionName, inputs: number[]): number[];
}

let executor: SyncExecutor | undefined;
let name: string;
try {
  executor = wasm();
  ({ name } = executor);
} catch (error) {
  name = (error as Error).message;
}
// Now, since a Content-Security-Policy does not hold for what a test evaluates later.
const names = { wasm: name, jit: jit().name };

const tensors = (wanted: readonly Value[]) => (executor as SyncExecutor).run(wanted);

const asked: Asked = {
  names: () => names,
  program: (program, pose) => tensors(toSecondOrder(program, pose)),
  values: (name, inputs) => [
    ...(tensors([functions[name](new Tape().constant(Float32Array.from(inputs)))])[0]?.data ?? []),
  ],
};

Object.assign(globalThis, { asked });
