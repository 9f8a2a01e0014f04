/**
 * Compares a tape per pose with the full graph, for the table of the README: the Vina scorer on the 64 imatinib–Abl
 * poses, repeated or cut to N. Writes bench/report/strategies.md.
 *
 *     npm run bench:strategies
 *
 * It is measured as `npm run bench` measures, in a process for each row; that one has more scorers, strategies and N.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serialize } from 'node:v8';
import { foundIn, leastPoses, longRun, measureCells, type Way } from './cells.ts';
import { scratchFolder } from './support/at-end.ts';
import { asCalled, command, whole, wholes, writeReport } from './support/command.ts';
import { machine } from './support/machine.ts';
import { Programs } from './support/measured.ts';
import { Progress } from './support/progress.ts';
import { digits, table } from './support/text.ts';
import { vinaPoses } from './workloads/ensembles.ts';

const ways: readonly Omit<Way, 'n'>[] = [
  { strategy: 'stream', executor: 'jit' },
  { strategy: 'recompute', executor: 'jit' },
  { strategy: 'full-graph', executor: 'jit' },
  { strategy: 'stream', executor: 'interpreter' },
  { strategy: 'recompute', executor: 'interpreter' },
  { strategy: 'full-graph', executor: 'interpreter' },
];
const usualCounts = [64, 1024];

const script = 'bench:strategies';
const { poses, rounds, out } = command(script, {
  does: 'Measures the three strategies on the Vina scorer, by jit() and by interpreter(): memory by the engine’s count and of the process, and CPU time.',
  takes: 'about a minute and a half',
  writes: 'a report, whose table is that of the README',
})
  .option('--poses <counts...>', 'numbers of poses N', wholes(usualCounts), usualCounts)
  .option('--rounds <count>', 'how many rounds at most go from process to process', whole, 5)
  .option('--out <file>', 'where the report goes', 'bench/report/strategies.md')
  .parse()
  .opts<{ poses: readonly number[]; rounds: number; out: string }>();
const where = machine();

const programs = await Programs.bundled('cell.ts');
const file = join(scratchFolder(), 'vina');
await writeFile(file, serialize(await vinaPoses()));
const progress = new Progress(poses.length);
const rows: string[][] = [];
try {
  for (const n of poses) {
    progress.next(`N = ${n}`);
    const cells = await measureCells(
      ways.map(way => ({ ...way, n })),
      ({ strategy, executor }) =>
        programs.start('cell.ts', [file, 'vina', executor, strategy, n, leastPoses.vina]),
      rounds,
    );
    for (const { strategy, executor } of ways) {
      const found = foundIn(cells, { strategy, executor, n });
      rows.push([
        `${n}`,
        strategy,
        executor,
        found ? found.engineBytes.toLocaleString('en') : '–',
        found && found.processBytes !== null ? digits(found.processBytes / 2 ** 20) : '–',
        found ? digits(found.time) : '–',
        found ? digits(found.cpu) : '–',
      ]);
    }
  }
} finally {
  progress.stop();
}

const head = [
  'N',
  'strategy',
  'executor',
  'engine peak, bytes',
  'process peak, MiB',
  'CPU ms per pose',
  'in the first run',
];
await writeReport(
  out,
  `# Strategies

By \`${asCalled(script)}\` on ${where}.

The Vina scorer, value and gradient of a smooth minimum in float64, on the 64 poses of imatinib in c-Abl, repeated to N.
Every row is a process of its own. The engine's peak is its exact count; the process's is over its baseline, when it has
scored ${leastPoses.vina} poses, N at a time; – where the system does not tell it, as only Linux does. Time is CPU time of all
threads, the median of up to ${rounds} rounds that go from process to process and come after the first run, which plans a full
graph if it is by \`jit\`. A run of more than ${longRun / 1000} s is made once.

The engine counts the arrays of its executors and of the accumulator's state. It leaves out the caller's arrays, the objects of
the tape, what was compiled, and predictions, at 24 B a pose unless \`keepPredictions: false\`.

${table(head, rows)}
`,
);
