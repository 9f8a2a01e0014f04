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
import { aims, type Line, least, lineTable, measuredRows, most, type Row, timed } from './support/rows.ts';
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
      const figures: Row['figures'] = time => {
        const [a, b, c] = [product, ceiling, blas].map(side => digits(operations / time(side) / 1e6));
        return `${a}, ceiling ${b}, BLAS ${c} GFLOP/s`;
      };
      const both = { under: product, figures };
      return [
        `matrix product ${transposes}`,
        [
          {
            ...both,
            what: `${what} / the lesser of PyTorch’s BLAS and the ceiling`,
            over: [ceiling, blas],
            target: isRelaxed ? least(transposes === 'TN' ? 0.75 : 0.9) : undefined,
          },
          {
            ...both,
            what: `${what} / PyTorch’s BLAS`,
            over: blas,
            target: !isRelaxed && transposes === 'NN' ? least(0.65) : undefined,
          },
        ],
      ];
    });
    const perEntry = (row: Row): Row => ({
      ...row,
      figures: time =>
        [row.over, row.under]
          .flat()
          .map(side => `${digits((1e6 * time(side)) / entries)} ns`)
          .join(', '),
    });
    const groups: readonly (readonly [string, readonly Row[]])[] = [
      ...products,
      [
        'exp and softplus',
        [
          perEntry({
            what: 'exp: ours / PyTorch, an entry in cache',
            over: kernel('exp', entries),
            under: peer('PyTorch', 'exp', 'none', entries),
            target: most(1.5),
          }),
          perEntry({
            what: 'softplus and its derivative: ours / PyTorch’s softplus alone',
            over: kernel('softplus', entries),
            under: peer('PyTorch', 'softplus', 'none', entries),
            target: isRelaxed ? most(1) : undefined,
          }),
        ],
      ],
      [
        'workload A',
        [
          {
            what: 'A, SchNet: whole pose / PyTorch',
            over: mine('network', 2),
            under: torch('network', 2),
            target: most(isRelaxed ? 0.9 : 1.2),
          },
          {
            what: 'A, SchNet: generated code and copies alone / PyTorch',
            over: loops('network', 2),
            under: torch('network', 2),
          },
        ],
      ],
      [
        'workload B',
        [
          {
            what: 'B, pair list: PyTorch / whole pose, tape and all',
            over: torch('list', 64),
            under: mine('list', 64),
            target: least(5),
          },
          {
            what: 'B, pair list: PyTorch / whole pose, 16 poses a tape',
            over: torch('list', 64),
            under: mine('list', 64, 16),
            target: least(8),
          },
          {
            what: 'B, pair list: 8 poses a tape / one',
            over: mine('list', 64, 8),
            under: mine('list', 64),
            target: most(0.6),
          },
          {
            what: 'B, pair list: whole pose / generated loop and copies',
            over: mine('list', 64),
            under: loops('list', 64),
            target: most(1.5),
          },
          {
            what: 'B, pair list: the same, 16 poses a tape',
            over: mine('list', 64, 16),
            under: loops('list', 64, 16),
            target: most(1.15),
          },
          {
            what: 'B, pair list: by hand in JavaScript / generated loop and copies',
            over: ours('list', 'hand', 64),
            under: loops('list', 64),
            target: least(2),
          },
        ],
      ],
      [
        'workload C',
        [
          {
            what: 'C, message passing: 16 poses a tape / PyTorch, batched',
            over: mine('messages', 320, 16),
            under: torch('messages', 320, 'batched'),
            target: most(1),
          },
          {
            what: 'C, message passing: one pose a tape / PyTorch, pose by pose',
            over: mine('messages', 320),
            under: torch('messages', 320, 'full-graph'),
          },
          {
            what: 'C, message passing: 16 poses a tape / one',
            over: mine('messages', 320, 16),
            under: mine('messages', 320),
          },
          {
            what: 'C, message passing: whole pose / generated code and copies, 16 poses a tape',
            over: mine('messages', 320, 16),
            under: loops('messages', 320, 16),
          },
        ],
      ],
      [
        'a small SchNet',
        [
          {
            what: 'SchNet of 455,809 parameters, 10 atoms: whole pose / PyTorch, pose by pose',
            over: mine('small', 64),
            under: torch('small', 64),
            target: most(1),
          },
          {
            what: 'SchNet of 455,809 parameters, 10 atoms: 16 poses a tape / PyTorch, pose by pose',
            over: mine('small', 64, 16),
            under: torch('small', 64),
            target: most(0.7),
          },
        ],
      ],
    ];
    const lines: Line[] = [];
    for (const [title, rows] of groups) {
      next(title);
      lines.push(...(await measuredRows(rows, rounds)));
    }
    next('memory of workload A');
    const start = () => programs.start('subject.ts', ['network', 'stream', 16, 'wasm']);
    const { processBytes } = await asked<Peak>(start, 'peak');
    lines.push({
      what: 'A, SchNet: process peak over baseline at N = 16, MiB',
      figures: bytes(processBytes),
      number: processBytes === null ? undefined : processBytes / 2 ** 20,
      unit: '',
      target: most(60),
    });
    next('planning');
    const plan = kernel('plan');
    const { bytes: module } = await asked<Module>(() => programs.start('kernels.ts', ['plan']), 'module');
    lines.push({
      what: 'A: plan, generate and instantiate a new structure, warm process',
      figures: `after 1.5 s of it; a module of ${bytes(module)}`,
      number: (await timed([plan], rounds))(plan),
      unit: 'ms',
      target: most(30),
    });
    const { wasm: size } = await entrySizes();
    lines.push({
      what: 'the entry posetape/wasm beside posetape, minified, gzip, kB',
      figures: `${size} B`,
      number: (size as number) / 1000,
      unit: '',
      target: most(12),
    });
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
