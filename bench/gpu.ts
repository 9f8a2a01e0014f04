/**
 * The ladder of bench:sizes with `gpu()`, compared with `jit()`, `wasm()` and PyTorch on the same GPU. Writes
 * bench/report/gpu.md and its chart.
 *
 *     npm run bench:gpu
 *     VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json npm run bench:gpu    (Chromium's software renderer)
 */
import { colours } from './charts.ts';
import { ladder } from './ladder.ts';

await ladder({
  script: 'bench:gpu',
  does: 'Measures the scorers of bench:sizes by gpu(), with 1, 8 and 64 poses a tape, and compares them with jit() in float32 and wasm() on the CPU, and with PyTorch, on the GPU if it finds one. A missing backend is named, with the reason. $VK_ICD_FILENAMES selects another driver for WebGPU than the default one.',
  takes: 'about twenty minutes with a GPU, and hours without',
  title: 'On the GPU',
  executors: [
    { name: 'gpu webgpu', title: 'WebGPU', color: colours.green },
    { name: 'gpu webasm', title: 'webasm', color: colours.pink },
    { name: 'jit32', title: 'jit float32', color: colours.sky },
    { name: 'wasm', title: 'wasm', color: colours.orange },
  ],
  isOnGpu: true,
});
