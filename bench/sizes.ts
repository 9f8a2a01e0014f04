/**
 * Measures the ladder: scorers of 20 to 10⁷ parameters, 10 to 10⁶ values per pose and 3 to 300 layers, with every executor and
 * PyTorch, for one and several poses per tape. Writes bench/report/sizes.md and its chart.
 *
 *     npm run bench:sizes
 */
import { colours } from './charts.ts';
import { ladder } from './ladder.ts';

await ladder({
  script: 'bench:sizes',
  does: 'Measures scorers of 20 to 10 million parameters, 10 to a million values per pose and 3 to 300 layers, for 1, 8 and 64 poses per tape. Compares jit() in both precisions, wasm(), PyTorch pose by pose and batched, and for pair potentials hand-written code.',
  takes: 'about ten minutes',
  title: 'Sizes',
  executors: [
    { name: 'jit64', title: 'jit float64', color: colours.blue },
    { name: 'jit32', title: 'jit float32', color: colours.sky },
    { name: 'wasm', title: 'wasm', color: colours.orange },
  ],
});
