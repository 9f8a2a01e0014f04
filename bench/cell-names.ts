/** Ways to differentiate the poses of a compound: posetape's strategies, and the benchmark's own `stored`. */
export const strategies = ['stream', 'recompute', 'stored', 'full-graph'] as const;
export type CellStrategy = (typeof strategies)[number];

/** Executors: the first two in float64, `wasm` in float32. */
export const executors = ['jit', 'interpreter', 'wasm'] as const;
export type CellExecutor = (typeof executors)[number];
