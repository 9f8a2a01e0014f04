export { type WasmExecutor, type WasmOptions, wasm } from './wasm.ts';
