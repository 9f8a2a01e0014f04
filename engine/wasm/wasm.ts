import { type PlannedExecutor, plannedExecutor, type Target } from '../compile/planned.ts';
import { checkOptions } from '../options.ts';
import { Arena } from './arena.ts';
import { WasmMachine, type WasmPose } from './machine.ts';
import { programOf, short } from './program.ts';
import { engine } from './support.ts';
import { plain, relaxed } from './target.ts';

/** What {@link wasm} may be told. */
export interface WasmOptions {
  /** How many structures are kept compiled; the one unused for longest goes first. Default 64. */
  readonly structures?: number;
  /** false: no relaxed SIMD even where the engine has it, so that results are the same everywhere. Default true. */
  readonly relaxed?: boolean;
}

/** {@link wasm} as an executor; its code is the module as text. */
export type WasmExecutor = PlannedExecutor;

/**
 * Compiles a tape's plan to WebAssembly with 128-bit vectors, in float32: the executor for networks and other matrix
 * products. Where the engine has relaxed SIMD (Node 22, Chromium 114), multiplications and additions are fused; `name`
 * tells.
 *
 * Elementwise functions are within 2 ulp of float32 for exp and log, within 4 for the others; long sums are added up in
 * bands of rows in float32 and from band to band in float64. The same tape gives the same bits at each run.
 *
 * @throws Error where there is no WebAssembly, no SIMD, or a Content-Security-Policy forbids to compile it
 * @example
 * await combinePoses({ …, executor: wasm() });
 */
export function wasm(options: WasmOptions = {}): WasmExecutor {
  checkOptions('wasm', options, ['structures', 'relaxed']);
  const { structures = 64, relaxed: mayRelax = true } = options;
  return plannedExecutor(wasmTarget(mayRelax), structures);
}

/** Machines that run WebAssembly in one memory, with relaxed SIMD where that may be and is there. */
export function wasmTarget(mayRelax: boolean): Target<WasmPose> {
  const { api, isRelaxed: canRelax } = engine();
  const isRelaxed = canRelax && mayRelax;
  const vectors = isRelaxed ? relaxed : plain;
  const arena = new Arena(api);
  return {
    name: `wasm float32${isRelaxed ? ' relaxed' : ''}`,
    precision: 'float32',
    variantOf: ({ sizes }) => sizes.map(size => (size < short ? 's' : 'l')).join(''),
    compile: (plan, structure) => new WasmMachine(programOf(plan, structure, vectors), arena, api),
  };
}
