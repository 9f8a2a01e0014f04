import { type WebAssemblyApi, webAssembly } from './api.ts';

/** Returns a module with one function, which has this body and no parameters or results. */
function moduleWith(...body: readonly number[]): Uint8Array<ArrayBuffer> {
  // A count of 0 locals, the body, and the instruction `end`.
  const code = [0, ...body, 0x0b];
  // The magic number and version, and the sections of types, functions and code.
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, 4, 1, 0x60, 0, 0],
    ...[3, 2, 1, 0],
    ...[10, code.length + 2, 1, code.length, ...code],
  ]);
}

/** The opcodes of i32.const and drop, and the prefix of vector instructions. */
const [i32Const, drop, simd] = [0x41, 0x1a, 0xfd];
/** i32x4.splat of 0 */
const vector = [i32Const, 0, simd, 17];
/** A module that needs vectors. */
const withVectors = moduleWith(...vector, drop);
/** A module that needs relaxed SIMD, since it uses f32x4.relaxed_madd. */
const withRelaxed = moduleWith(...vector, ...vector, ...vector, simd, 0x85, 0x02, drop);

const instead = 'use jit({ precision: "float32" }) or jit() instead';

/**
 * Returns the WebAssembly API of the JavaScript engine if it has the features that generated code needs. `isRelaxed`
 * is true if it also has relaxed SIMD.
 *
 * @throws Error naming the missing feature and an executor to use instead
 */
export function engine(): { api: WebAssemblyApi; isRelaxed: boolean } {
  const api = webAssembly();
  if (!api) throw new Error(`wasm: this engine has no WebAssembly; ${instead}`);
  if (!api.validate(withVectors)) {
    throw new Error(`wasm: this engine's WebAssembly has no 128-bit SIMD; ${instead}`);
  }
  try {
    new api.Module(moduleWith());
  } catch (cause) {
    // A Content-Security-Policy forbids compilation.
    throw new Error(
      `wasm: compiling WebAssembly is forbidden here (a Content-Security-Policy without 'wasm-unsafe-eval'); use interpreter({ precision: "float32" }) or interpreter() instead`,
      { cause },
    );
  }
  return { api, isRelaxed: api.validate(withRelaxed) };
}
