import { type Compiler, plannedExecutor } from '../compile/planned.ts';
import type { PlannedExecutor } from '../executor.ts';
import { checkOptions } from '../options.ts';
import { Arena } from './arena.ts';
import { WasmMachine, type WasmPose } from './machine.ts';
import { moduleOf, short } from './module.ts';
import { plain, relaxed } from './simd.ts';
import { engine } from './support.ts';

/** Options of {@link wasm}. */
export interface WasmOptions {
  /** The number of structures kept compiled; the least recently used is dropped first. Default 64. */
  readonly structures?: number;
  /** True to use relaxed SIMD if the engine has it. With false, results are the same everywhere. Default true. */
  readonly relaxed?: boolean;
}

/**
 * An executor that compiles a tape's plan to WebAssembly with 128-bit vectors, in float32. It is meant for networks and
 * other matrix products. With relaxed SIMD (Node 22, Chromium 114) it fuses multiplications and additions; `name` says
 * whether it does.
 *
 * The largest error is 2 ulp of float32 for exp and log, 5 ulp for erfc, and 4 ulp for other elementwise functions. The
 * error of a sum, also in a matrix product, is at most 1e-6 times the sum of its terms' absolute values, for any number
 * of terms: they are added up in float64, or in float32 in blocks of 64. An array to whose entries a loop adds, such as
 * the result of a segment sum, takes 8 bytes an entry. The same tape gives the same bits in every run.
 *
 * A tape may need up to 4 GiB at once. Running one that needs more throws a RangeError.
 *
 * @throws Error if there is no WebAssembly or no SIMD, or a Content-Security-Policy forbids compilation
 * @example
 * await combinePoses({ …, executor: wasm() });
 */
export function wasm(options: WasmOptions = {}): PlannedExecutor {
  checkOptions('wasm', options, ['structures', 'relaxed']);
  const { structures = 64, relaxed: mayRelax = true } = options;
  return plannedExecutor(wasmCompiler(mayRelax), structures);
}

/** A compiler of machines that share one memory. It uses relaxed SIMD if `mayRelax` and if available. @internal */
export function wasmCompiler(mayRelax: boolean): Compiler<WasmPose> {
  const { api, isRelaxed: canRelax } = engine();
  const isRelaxed = canRelax && mayRelax;
  const vectors = isRelaxed ? relaxed : plain;
  const arena = new Arena(api);
  return {
    name: `wasm float32${isRelaxed ? ' relaxed' : ''}`,
    precision: 'float32',
    variantOf: ({ sizes }) => sizes.map(size => (size < short ? 's' : 'l')).join(''),
    compile: (plan, structure) => new WasmMachine(moduleOf(plan, structure, vectors), arena, api),
  };
}
