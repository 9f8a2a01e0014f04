// What runs in the page: programs and functions by wasm, as numbers that can be sent back.

import { jit, type SyncExecutor, Tape, type Value } from 'posetape';
import { cos, exp, log, softplus, tanh } from 'posetape/ops';
import { wasm } from 'posetape/wasm';
import type { Pose, Program } from '../support/programs.ts';
import { wantedOf } from '../support/programs.ts';

const functions = { exp, log, tanh, cos, softplus };

/** What the page can be asked. */
export interface Asked {
  /** Names of what runs, or the error's message. */
  names(): { wasm: string; jit: string };
  program(program: Program, pose: Pose): number[][];
  values(name: 'exp' | 'log' | 'tanh' | 'cos' | 'softplus', inputs: number[]): number[];
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

const numbers = (wanted: readonly Value[]) =>
  (executor as SyncExecutor).run(wanted).map(({ data }) => [...data]);

const asked: Asked = {
  names: () => names,
  program: (program, pose) => numbers(wantedOf(program, pose)),
  values: (name, inputs) =>
    numbers([functions[name](new Tape().constant(Float32Array.from(inputs)))])[0] ?? [],
};

Object.assign(globalThis, { asked, isReady: true });
