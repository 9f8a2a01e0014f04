/**
 * Measures what `wasm()` and several poses on a tape are to reach, as ratios, each with its target. Writes
 * bench/report/wasm-node20.md, or whichever Node runs it: from 22 on there is relaxed SIMD.
 *
 *     npm run bench:wasm
 *     npx -p node@24 npm run bench:wasm
 */
import { wasm } from 'posetape/wasm';
import { entrySizes } from '../scripts/entry-sizes.mjs';
import type { Module } from './kernels.ts';
import type { Peak } from './subject.ts';
import { asked, bench } from './support/bench.ts';
import {
  aims,
  least,
  line,
  lineTable,
  measured,
  most,
  type Row,
  row,
  type Target,
  type Times,
  timed,
} from './support/rows.ts';
import { bytes, digits } from './support/text.ts';

const major = process.versions.node.split('.')[0];
const entries = 16_384;

await bench(
  {
    script: 'bench:wasm',
    does: 'Measures what wasm() is to reach, as ratios, each held against its target: against PyTorch, where it is installed, against what the processor can do with vectors of 128 bits, and against a loop written by hand; with one pose a tape, and with several. Node 22 and later have relaxed SIMD, and other targets; npx -p node@24 npm run bench:wasm runs them.',
    takes: 'about four minutes',
    writes: 'a report for each version of Node',
    sources: ['subject.ts', 'kernels.ts'],
    out: `bench/report/wasm-node${major}.md`,
    rounds: 11,
    hasTargets: true,
  },
  async ({ ours, kernel, peer, versionOf, next, programs, rounds, by }) => {
    const { name } = wasm();
    const isRelaxed = name.endsWith('relaxed');
    const mine = (workload: string, n: number, posesPerTape = 1) =>
      ours(workload, 'stream', n, 'wasm', posesPerTape);
    const loops = (workload: string, n: number, posesPerTape = 1) =>
      ours(workload, 'loops', n, 'wasm', posesPerTape);
    const torch = (workload: string, n: number, way = 'stream') => peer('PyTorch', workload, way, n);

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
          row(lesser, [ceiling, blas], product, ofLesser, speeds),
          row(`${what} / PyTorch’s BLAS`, blas, product, ofBlas, speeds),
        ],
      ];
    });
    const perEntry = (what: string, name: string, target?: Target): Row => {
      const [a, b] = [kernel(name, entries), peer('PyTorch', name, 'none', entries)];
      const ns = (cpu: number) => `${digits((1e6 * cpu) / entries)} ns`;
      return row(what, a, b, target, time => `${ns(time(a))}, ${ns(time(b))}`);
    };
    const titled =
      (title: string): typeof row =>
      (what, ...rest) =>
        row(`${title}: ${what}`, ...rest);
    const [a, b, c] = [titled('A, SchNet'), titled('B, pair list'), titled('C, message passing')];
    const small = titled('SchNet of 455,809 parameters, 10 atoms');
    const [schnet, torchSchnet] = [mine('network', 2), torch('network', 2)];
    const [list, list16, torchList] = [mine('list', 64), mine('list', 64, 16), torch('list', 64)];
    const [messages, messages16] = [mine('messages', 320), mine('messages', 320, 16)];
    const compound = ours('messages', 'full-graph', 320, 'wasm', 16);
    const torchMessages = (way: string) => torch('messages', 320, way);
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
          'workload C',
          [
            c(
              'all 16 poses of a compound as one graph / PyTorch, batched',
              compound,
              torchMessages('batched'),
              most(1),
            ),
            c('16 poses a tape / PyTorch, batched', messages16, torchMessages('batched')),
            c('one pose a tape / PyTorch, pose by pose', messages, torchMessages('full-graph')),
            c('16 poses a tape / one', messages16, messages),
            c('16 poses a tape / generated code and copies', messages16, loops('messages', 320, 16)),
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
    next('memory of workload A');
    const start = () => programs.start('subject.ts', ['network', 'stream', 16, 'wasm']);
    const { processBytes } = await asked<Peak>(start, 'peak');
    const held = processBytes === null ? undefined : processBytes / 2 ** 20;
    next('planning');
    const plan = kernel('plan');
    const { bytes: module } = await asked<Module>(() => programs.start('kernels.ts', ['plan']), 'module');
    const planTime = (await timed([plan], rounds))(plan);
    const planned = `after 1.5 s of it; a module of ${bytes(module)}`;
    const { wasm: size = Number.NaN } = await entrySizes();
    const entry = 'the entry posetape/wasm beside posetape, minified, gzip, kB';
    lines.push(
      line('A, SchNet: process peak over baseline at N = 16, MiB', bytes(processBytes), held, '', most(60)),
      line('A: plan, generate and instantiate a new structure', planned, planTime, 'ms', most(30)),
      line(entry, `${size} B`, size / 1000, '', most(12)),
    );
    const text = `# What wasm() reaches

${by}: \`${name}\`; ${await versionOf('PyTorch')}.

CPU time of one core, medians of ${rounds} interleaved rounds, each side in a process of its own; float32. PyTorch runs on one
thread, with whatever vectors the processor has; WebAssembly's are 128 bits wide. The ceiling is what twelve sums
in registers reach. *n poses a tape* is \`posesPerTape\`. Lines without a target explain others. Workload C is 20 compounds of 16
poses: Boltzmann pooling, a squared error, the gradient of their sum.

${aims}

${lineTable(lines)}
`;
    return { text, lines };
  },
);
