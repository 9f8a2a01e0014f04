/** How the poses of a compound are differentiated: posetape's strategies, and `stored` of the benchmark's own. */
export const strategies = ['stream', 'recompute', 'stored', 'full-graph'] as const;
export type CellStrategy = (typeof strategies)[number];

/** What runs the tapes: the first two in float64, `wasm` in float32. */
export const executors = ['jit', 'interpreter', 'wasm'] as const;
export type CellExecutor = (typeof executors)[number];
