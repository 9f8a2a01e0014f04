import { type Compiler, plannedExecutor } from '../compile/planned.ts';
import { checkPrecision, type PlannedExecutor, type Precision } from '../executor.ts';
import { interpreter } from '../interpreter.ts';
import { checkOptions } from '../options.ts';
import { Arena, JitMachine, type JitPose } from './machine.ts';

/** Options of {@link jit}. */
export interface JitOptions {
  /**
   * The precision of stored and compared numbers, default float64. With float32, expressions and sums are still
   * computed in float64, so a sum is rounded only once, whatever its length. An array to whose entries a loop adds,
   * such as the result of a segment sum, takes 8 bytes an entry.
   */
  readonly precision?: Precision;
  /** The number of structures kept compiled; the least recently used is dropped first. Default 64. */
  readonly structures?: number;
}

/**
 * An executor that fuses a tape into loops and compiles them to JavaScript: the one to use by default.
 *
 * Plan and code are made once for each structure, so poses whose pair lists differ in length share them; only the
 * layout of the arena depends on the lengths. If a Content-Security-Policy forbids code generation (it lacks
 * 'unsafe-eval'), `jit` warns once on the console and returns an interpreter, whose `name` says so.
 *
 * @throws RangeError for an option out of range, TypeError for an unknown option
 * @example
 * await combinePoses({ …, executor: jit({ precision: 'float32' }) });
 */
export function jit(options: JitOptions = {}): PlannedExecutor {
  checkOptions('jit', options, ['precision', 'structures']);
  const { precision = 'float64', structures = 64 } = options;
  checkPrecision('jit', precision);
  const executor = plannedExecutor(jitCompiler(precision), structures);
  return mayCompile() ? executor : interpreterInstead(precision);
}

/** A compiler of machines that run JavaScript in one shared arena. @internal */
export function jitCompiler(precision: Precision): Compiler<JitPose> {
  const arena = new Arena(precision);
  return { name: `jit ${precision}`, precision, compile: plan => new JitMachine(plan, arena) };
}

/** True if this page or process allows code generation. */
function mayCompile(): boolean {
  try {
    return new Function('return true')() as boolean;
  } catch {
    return false;
  }
}

/** True once the warning was given; it is given once in a process. */
let hasWarned = false;

/** The interpreter that runs in place of `jit()`. Its `explain` returns its name. */
function interpreterInstead(precision: Precision): PlannedExecutor {
  if (!hasWarned) {
    hasWarned = true;
    console.warn(
      "posetape: jit() may not generate code here (a Content-Security-Policy without 'unsafe-eval'); the interpreter runs instead, with the same results, but more slowly",
    );
  }
  const instead = interpreter({ precision });
  const name = `${instead.name} (jit: code generation is forbidden here)`;
  return { ...instead, name, explain: () => name, planned: 0 };
}
