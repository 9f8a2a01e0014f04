/**
 * A million poses in the memory of one: they are made up on the way, scored, differentiated, folded and forgotten. Writes
 * bench/report/million.md.
 *
 *     npm run bench:million [-- <poses>]
 */
import type { Streamed } from './million-subject.ts';
import { asCalled, command, whole, writeReport } from './support/command.ts';
import { machine } from './support/machine.ts';
import { Programs } from './support/measured.ts';
import { Progress } from './support/progress.ts';
import { bytes, digits, table } from './support/text.ts';

const script = 'bench:million';
const program = command(script, {
  does: 'Streams a million poses that are made up on the way, and measures what the process takes after a thousand of them, ten thousand, and so on: the memory of one pose, whatever their number.',
  takes: 'about half a minute',
  writes: 'a report',
})
  .argument('[poses]', 'how many', whole, 1_000_000)
  .option('--out <file>', 'where the report goes', 'bench/report/million.md')
  .option('--check', 'exit with 1 if the target is missed')
  .parse();
const [poses] = program.processedArgs as [number];
const { out, check } = program.opts<{ out: string; check?: true }>();
const where = machine();
/** Most bytes that the process may use beyond its baseline. */
const target = 30 * 2 ** 20;

/**
 * V8 keeps new objects in a nursery, which it lets grow to 3 × 16 MiB where garbage comes fast, whatever lives. So the
 * same is run with a smaller one, too: that is what lives, and the target is held against it.
 */
const settings = [
  { name: 'Node as it is', flags: [] },
  {
    name: 'with a nursery of 3 × 4 MiB (`node --max-semi-space-size=4`)',
    flags: ['--max-semi-space-size=4'],
  },
] as const;
/** After each twentieth of the poses the command tells how it stands; the report, after a thousand and each power of ten. */
const parts = Array.from({ length: 20 }, (_, part) => Math.ceil(((part + 1) * poses) / 20));
const powers = [3, 4, 5, 6, 7, 8, 9].map(power => 10 ** power).filter(count => count < poses);
const listed = [...powers, poses];
const marks = [...new Set([...parts, ...listed])].toSorted((a, b) => a - b);

const programs = await Programs.bundled('million-subject.ts');
const progress = new Progress(marks.length * settings.length);
const results: { name: string; peaks: ReadonlyMap<number, number | null>; last: Streamed }[] = [];
try {
  for (const { name, flags } of settings) {
    const running = programs.start('million-subject.ts', marks, { flags });
    const peaks = new Map<number, number | null>();
    for (const mark of marks) {
      const { processBytes } = await running.hear<Streamed>();
      peaks.set(mark, processBytes);
      progress.next(`${mark.toLocaleString('en')} poses, ${bytes(processBytes)} over baseline, ${name}`);
    }
    results.push({ name, peaks, last: await running.hear<Streamed>() });
  }
} finally {
  progress.stop();
}

const held = (processBytes: number | null) =>
  processBytes === null ? 'not measured' : processBytes < target ? 'below' : 'above';
const overBaseline = listed.map(count => `${count.toLocaleString('en')} poses`);
const head = ['', ...overBaseline, `target ${bytes(target)}`, 'engine peak', 'CPU time', 'a pose'];
const rows = results.map(({ name, peaks, last }) => [
  name,
  ...listed.map(count => bytes(peaks.get(count) ?? null)),
  held(last.processBytes),
  `${last.engineBytes} B`,
  `${digits(last.cpu)} s`,
  `${digits((1e6 * last.cpu) / poses)} µs`,
]);
const text = `# ${poses.toLocaleString('en')} poses

By \`${asCalled(script)}\` on ${where}.

Each pose is made up on the way: twenty distances, scored in two parameters, \`jit()\`, \`keepPredictions: false\`; value and
gradient. The peak of the process over its baseline after so many poses; the baseline is taken after a thousand others.

${table(head, rows)}

V8 keeps new objects in a nursery and lets it grow to 3 × 16 MiB where garbage comes fast, whatever lives; hence the second
row, which the target is held against. The target is an aim that this project set itself. Where the peak levels off is seen
with more poses: \`npm run bench:million -- 4000000\`.
`;
await writeReport(out, text);
if (check && held(results.at(-1)?.last.processBytes ?? null) === 'above') process.exitCode = 1;
