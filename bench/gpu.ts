/**
 * Measures the scorers of bench:sizes with `gpu()`, and compares it with `jit()`, `wasm()` and PyTorch. Writes bench/report/gpu.md and
 * its chart.
 *
 *     npm run bench:gpu
 *     VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json npm run bench:gpu    (Chromium's software renderer)
 */
import { colours } from './charts.ts';
import { ladder } from './ladder.ts';

await ladder({
  script: 'bench:gpu',
  does: 'Measures the scorers of bench:sizes with gpu(), for 1, 8 and 64 poses per tape. Compares it with jit() in float32 and wasm() on the CPU, and with PyTorch on the GPU if there is one. Backends that cannot run are named with the reason. Set $VK_ICD_FILENAMES to use another WebGPU driver than the default.',
  takes: 'about twenty minutes with a GPU, and hours without',
  title: 'On the GPU',
  executors: [
    { name: 'gpu webgpu', title: 'gpu WebGPU', color: colours.green },
    { name: 'gpu webasm', title: 'gpu WebAssembly', color: colours.pink },
    { name: 'jit32', title: 'jit float32', color: colours.sky },
    { name: 'wasm', title: 'wasm', color: colours.orange },
  ],
  isOnGpu: true,
});
