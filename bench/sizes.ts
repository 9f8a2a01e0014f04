/**
 * The ladder: scorers of 20 to 10⁷ parameters, 10 to 10⁶ values a pose and 3 to 300 layers, with every executor and
 * PyTorch, with one pose a tape and with several. Writes bench/report/sizes.md and its chart.
 *
 *     npm run bench:sizes
 */
import { colours } from './charts.ts';
import { ladder } from './ladder.ts';

await ladder({
  script: 'bench:sizes',
  does: 'Measures scorers of 20 to 10 million parameters, 10 to a million values a pose and 3 to 300 layers, with 1, 8 and 64 poses a tape: with jit() in both precisions, wasm(), PyTorch pose by pose and batched, and hand-written code for the small ones.',
  takes: 'about ten minutes',
  title: 'Sizes',
  executors: [
    { name: 'jit64', title: 'jit float64', color: colours.blue },
    { name: 'jit32', title: 'jit float32', color: colours.sky },
    { name: 'wasm', title: 'wasm', color: colours.orange },
  ],
});
