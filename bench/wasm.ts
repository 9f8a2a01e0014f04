/**
 * Measures time ratios of `wasm()` and of several poses on a tape, and compares them with targets. Writes a report for the version
 * of Node that runs it, such as bench/report/wasm-node20.md. Node 22 and later have relaxed SIMD.
 *
 *     npm run bench:wasm
 *     npx -p node@24 npm run bench:wasm
 */
import { wasm } from 'posetape/wasm';
import { entrySizes } from '../scripts/entry-sizes.mjs';
import type { Way } from './subject.ts';
import { bench } from './support/bench.ts';
import { aims, atLeast, atMost, line, lineSection, measured, type Row, type Times } from './support/rows.ts';
import { digits } from './support/text.ts';

const major = process.versions.node.split('.')[0];

await bench(
  {
    script: 'bench:wasm',
    does: 'Measures wasm() with one and several poses per tape, relative to PyTorch (if installed), to the top speed of the processor with 128-bit vectors, and to a hand-written loop. Compares each ratio with its target. Node 22 and later have relaxed SIMD and other targets: measure them with npx -p node@24 npm run bench:wasm.',
    takes: 'about five minutes',
    writes: 'a report for each version of Node',
    sources: ['subject.ts', 'kernels.ts'],
    peers: ['PyTorch'],
    out: `bench/report/wasm-node${major}.md`,
    rounds: 11,
  },
  async ({ ours, kernel, peer, next, rounds }) => {
    const { name } = wasm();
    const isRelaxed = name.endsWith('relaxed');
    const mine = (workload: string, n: number, posesPerTape = 1, way: Way = 'stream') =>
      ours(workload, way, n, 'wasm', posesPerTape);
    const torch = (workload: string, n: number) => peer('PyTorch', workload, 'stream', n);

    const products = (
      [
        ['NN', 9600, 64, 64],
        ['NT', 9600, 64, 64],
        ['TN', 64, 9600, 64],
      ] as const
    ).map(([transposes, m, k, n]): [string, Row[]] => {
      const operations = 2 * m * k * n;
      const product = kernel('matmul', 'wasm', transposes, m, k, n);
      const [ceiling, blas] = [kernel('ceiling', operations), peer('PyTorch', 'matmul', transposes, m, k, n)];
      const speeds = (time: Times) => {
        // GFLOP/s are operations per millisecond, divided by 10⁶.
        const [a, b, c] = [product, ceiling, blas].map(side => digits(operations / time(side) / 1e6));
        return `${a}, ceiling ${b}, BLAS ${c} GFLOP/s`;
      };
      const lesserTarget = isRelaxed ? atLeast(transposes === 'TN' ? 0.75 : 0.9) : undefined;
      const blasTarget = !isRelaxed && transposes === 'NN' ? atLeast(0.65) : undefined;
      return [
        `matmul ${m}×${k}×${n} ${transposes}`,
        [
          [
            'ours / the lesser of PyTorch’s BLAS and the ceiling',
            [ceiling, blas],
            product,
            lesserTarget,
            speeds,
          ],
          ['ours / PyTorch’s BLAS', blas, product, blasTarget, speeds],
        ],
      ];
    });
    const [schnet, torchSchnet] = [mine('network', 2), torch('network', 2)];
    const [list, list16, torchList] = [mine('list', 64), mine('list', 64, 16), torch('list', 64)];
    const [loop, loop16] = [mine('list', 64, 1, 'loops'), mine('list', 64, 16, 'loops')];
    const [small, small16, torchSmall] = [mine('small', 64), mine('small', 64, 16), torch('small', 64)];
    const [messagesGraph, messages16] = [mine('messages', 320, 16, 'full-graph'), mine('messages', 320, 16)];
    const torchMessages = torch('messages', 320);
    const loopsToTorch = 'generated code and copies alone / PyTorch';
    const groups: readonly (readonly [string, readonly Row[]])[] = [
      ...products,
      [
        'A, SchNet',
        [
          ['whole pose / PyTorch', schnet, torchSchnet, atMost(isRelaxed ? 0.9 : 1.2)],
          [loopsToTorch, mine('network', 2, 1, 'loops'), torchSchnet],
        ],
      ],
      [
        'B, pair list',
        [
          ['PyTorch / whole pose, tape and all', torchList, list, atLeast(5)],
          ['PyTorch / whole pose, 16 poses a tape', torchList, list16, atLeast(8)],
          ['8 poses a tape / one', mine('list', 64, 8), list, atMost(0.6)],
          ['whole pose / generated loop and copies', list, loop, atMost(1.5)],
          ['whole pose / generated loop and copies, 16 poses a tape', list16, loop16, atMost(1.15)],
          ['by hand / generated loop and copies', ours('list', 'hand', 64), loop, atLeast(2)],
        ],
      ],
      [
        'C, message passing, compounds of 16 poses',
        [
          ['a compound as one graph / PyTorch, batched', messagesGraph, torchMessages, atMost(1)],
          ['16 poses a tape / PyTorch, batched', messages16, torchMessages, atMost(1)],
          ['one pose a tape / PyTorch, batched', mine('messages', 320), torchMessages],
          [`16 poses a tape, ${loopsToTorch}`, mine('messages', 320, 16, 'loops'), torchMessages],
        ],
      ],
      [
        'SchNet of 455,809 parameters, 10 atoms',
        [
          ['whole pose / PyTorch, pose by pose', small, torchSmall, atMost(1)],
          ['16 poses a tape / PyTorch, pose by pose', small16, torchSmall, atMost(0.7)],
        ],
      ],
    ];
    const lines = await measured(groups, rounds, next);
    const { wasm: size = Number.NaN } = await entrySizes();
    const entry = 'the entry posetape/wasm beside posetape, minified, gzip, kB';
    lines.push(line(entry, `${size} B`, size / 1000, '', atMost(12)));
    return {
      title: 'wasm()',
      about: `By \`${name}\`: CPU time of one core in float32, medians of ${rounds} interleaved rounds, each side in its own process. PyTorch
runs on one thread with the processor's widest vectors; those of WebAssembly are 128 bits wide. The ceiling is the speed of twelve sums
in registers. *n poses a tape* means \`posesPerTape: n\`.

${aims}`,
      sections: [lineSection(lines)],
    };
  },
);
