/**
 * An executor that compiles a tape to WebAssembly.
 *
 * @module posetape/wasm
 */

export { type WasmOptions, wasm } from './wasm.ts';
