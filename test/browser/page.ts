// Script of the page: runs programs and functions by wasm(), and returns plain numbers.

import { jit, type SyncExecutor, Tape, type Tensor, type Value } from 'posetape';
import { cos, exp, log, softplus, tanh } from 'posetape/ops';
import { wasm } from 'posetape/wasm';
import type { Pose, Program } from '../support/programs.ts';
import { toSecondOrder } from '../support/second-order.ts';

type FunctionName = 'exp' | 'log' | 'tanh' | 'cos' | 'softplus';

const functions: Readonly<Record<FunctionName, (x: Value) => Value>> = { exp, log, tanh, cos, softplus };

/** Functions of the page that the test calls. */
export interface PageFunctions {
  /** Name of each executor, or the message of the error that it throws. */
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
// Created when the page loads, since a Content-Security-Policy does not apply to code that a test evaluates later.
const names = { wasm: name, jit: jit().name };

const tensors = (wanted: readonly Value[]) => (executor as SyncExecutor).run(wanted);

const pageFunctions: PageFunctions = {
  names: () => names,
  program: (program, pose) => tensors(toSecondOrder(program, pose)),
  values: (name, inputs) => [
    ...(tensors([functions[name](new Tape().constant(Float32Array.from(inputs)))])[0]?.data ?? []),
  ],
};

Object.assign(globalThis, { pageFunctions });
