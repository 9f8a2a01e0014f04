/**
 * Measures what `wasm()` and several poses on a tape are to reach, as ratios, each with its target. Writes
 * bench/report/wasm-node20.md, or whichever Node runs it: from 22 on there is relaxed SIMD.
 *
 *     npm run bench:wasm
 *     npx -p node@24 npm run bench:wasm
 */
import { wasm } from 'posetape/wasm';
import { entrySizes } from '../scripts/entry-sizes.mjs';
import { bench } from './support/bench.ts';
import {
  aims,
  least,
  line,
  lineSection,
  measured,
  most,
  type Row,
  type Side,
  type Target,
  type Times,
} from './support/rows.ts';
import { digits } from './support/text.ts';

const major = process.versions.node.split('.')[0];
const entries = 16_384;

await bench(
  {
    script: 'bench:wasm',
    does: 'Measures what wasm() is to reach, as ratios, each held against its target: against PyTorch, where it is installed, against what the processor can do with vectors of 128 bits, and against a loop written by hand; with one pose a tape, and with several. Node 22 and later have relaxed SIMD, and other targets; npx -p node@24 npm run bench:wasm runs them.',
    takes: 'about four minutes',
    writes: 'a report for each version of Node',
    sources: ['subject.ts', 'kernels.ts'],
    peers: ['PyTorch'],
    out: `bench/report/wasm-node${major}.md`,
    rounds: 11,
    hasTargets: true,
  },
  async ({ ours, kernel, peer, next, rounds }) => {
    const { name } = wasm();
    const isRelaxed = name.endsWith('relaxed');
    const mine = (workload: string, n: number, posesPerTape = 1) =>
      ours(workload, 'stream', n, 'wasm', posesPerTape);
    const loops = (workload: string, n: number, posesPerTape = 1) =>
      ours(workload, 'loops', n, 'wasm', posesPerTape);
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
      const what = `matmul ${m}×${k}×${n} ${transposes}: ours`;
      const speeds = (time: Times) => {
        const [a, b, c] = [product, ceiling, blas].map(side => digits(operations / time(side) / 1e6));
        return `${a}, ceiling ${b}, BLAS ${c} GFLOP/s`;
      };
      const ofLesser = isRelaxed ? least(transposes === 'TN' ? 0.75 : 0.9) : undefined;
      const ofBlas = !isRelaxed && transposes === 'NN' ? least(0.65) : undefined;
      const lesser = `${what} / the lesser of PyTorch’s BLAS and the ceiling`;
      return [
        `matrix product ${transposes}`,
        [
          [lesser, [ceiling, blas], product, ofLesser, speeds],
          [`${what} / PyTorch’s BLAS`, blas, product, ofBlas, speeds],
        ],
      ];
    });
    const perEntry = (what: string, name: string, target?: Target): Row => {
      const [a, b] = [kernel(name, entries), peer('PyTorch', name, 'none', entries)];
      const ns = (cpu: number) => `${digits((1e6 * cpu) / entries)} ns`;
      return [what, a, b, target, time => `${ns(time(a))}, ${ns(time(b))}`];
    };
    const titled =
      (title: string) =>
      (what: string, over: Side, under: Side, target?: Target): Row => [
        `${title}: ${what}`,
        over,
        under,
        target,
      ];
    const [a, b] = [titled('A, SchNet'), titled('B, pair list')];
    const small = titled('SchNet of 455,809 parameters, 10 atoms');
    const [schnet, torchSchnet] = [mine('network', 2), torch('network', 2)];
    const [list, list16, torchList] = [mine('list', 64), mine('list', 64, 16), torch('list', 64)];
    const lines = await measured(
      [
        ...products,
        [
          'exp and softplus',
          [
            perEntry('exp: ours / PyTorch, an entry in cache', 'exp', most(1.5)),
            perEntry(
              'softplus and its derivative: ours / PyTorch’s softplus alone',
              'softplus',
              isRelaxed ? most(1) : undefined,
            ),
          ],
        ],
        [
          'workload A',
          [
            a('whole pose / PyTorch', schnet, torchSchnet, most(isRelaxed ? 0.9 : 1.2)),
            a('generated code and copies alone / PyTorch', loops('network', 2), torchSchnet),
          ],
        ],
        [
          'workload B',
          [
            b('PyTorch / whole pose, tape and all', torchList, list, least(5)),
            b('PyTorch / whole pose, 16 poses a tape', torchList, list16, least(8)),
            b('8 poses a tape / one', mine('list', 64, 8), list, most(0.6)),
            b('whole pose / generated loop and copies', list, loops('list', 64), most(1.5)),
            b('the same, 16 poses a tape', list16, loops('list', 64, 16), most(1.15)),
            b('by hand / generated loop and copies', ours('list', 'hand', 64), loops('list', 64), least(2)),
          ],
        ],
        [
          'a small SchNet',
          [
            small('whole pose / PyTorch, pose by pose', mine('small', 64), torch('small', 64), most(1)),
            small(
              '16 poses a tape / PyTorch, pose by pose',
              mine('small', 64, 16),
              torch('small', 64),
              most(0.7),
            ),
          ],
        ],
      ],
      rounds,
      next,
    );
    const { wasm: size = Number.NaN } = await entrySizes();
    const entry = 'the entry posetape/wasm beside posetape, minified, gzip, kB';
    lines.push(line(entry, `${size} B`, size / 1000, '', most(12)));
    return {
      title: 'What wasm() reaches',
      about: `By \`${name}\`: CPU time of one core, medians of ${rounds} interleaved rounds, each side in a process of its own; float32. PyTorch
runs on one thread, with whatever vectors the processor has; WebAssembly's are 128 bits wide. The ceiling is what twelve sums in
registers reach. *n poses a tape* is \`posesPerTape\`.

${aims}`,
      sections: [lineSection(lines)],
      lines,
    };
  },
);
