/**
 * A million poses in the memory of one: they are made up on the way, scored, differentiated, folded and forgotten. Writes
 * bench/report/million.md.
 *
 *     npm run bench:million [-- <poses>]
 */
import type { Streamed } from './million-subject.ts';
import { bench } from './support/bench.ts';
import { whole } from './support/command.ts';
import { figuresOf } from './support/figures.ts';
import { type Line, most, verdict } from './support/rows.ts';
import { bytes, digits, table } from './support/text.ts';

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

await bench<{ readonly check?: true; readonly args: readonly [number] }>(
  {
    script: 'bench:million',
    does: 'Streams a million poses that are made up on the way, and measures what the process takes after a thousand of them, ten thousand, and so on: the memory of one pose, whatever their number.',
    takes: 'about half a minute',
    writes: 'a report',
    sources: ['million-subject.ts'],
    out: 'bench/report/million.md',
    hasTargets: true,
    more: command => command.argument('[poses]', 'how many', whole, 1_000_000),
  },
  async ({ options: { args }, programs, by, next }) => {
    const [poses] = args;
    const powers = [3, 4, 5, 6, 7, 8, 9].map(power => 10 ** power).filter(count => count < poses);
    const marks = [...powers, poses];
    const lines: Line[] = [];
    const rows: string[][] = [];
    for (const { name, flags } of settings) {
      next(`${poses.toLocaleString('en')} poses, ${name}`);
      const running = programs.start('million-subject.ts', marks, { flags });
      const peaks: (number | null)[] = [];
      for (const _ of marks) peaks.push((await running.hear<Streamed>()).processBytes);
      const { cpu, engineBytes, processBytes } = await running.hear<Streamed>();
      const held: Line = {
        what: name,
        figures: bytes(processBytes),
        number: processBytes ?? undefined,
        unit: '',
        target: most(target),
      };
      lines.push(held);
      const whole = [`${engineBytes} B`, `${digits(cpu)} s`, `${digits((1e6 * cpu) / poses)} µs`];
      rows.push([name, ...peaks.map(bytes), verdict(held), ...whole]);
    }
    const overBaseline = marks.map(count => `${count.toLocaleString('en')} poses`);
    const head = ['', ...overBaseline, `target ${bytes(target)}`, 'engine peak', 'CPU time', 'a pose'];
    const text = `# ${poses.toLocaleString('en')} poses

${by}.

Each pose is made up on the way: twenty distances, scored in two parameters, \`jit()\`, \`keepPredictions: false\`; value and
gradient. The peak of the process over its baseline after so many poses; the baseline is taken after a thousand others.

${table(head, rows)}

V8 keeps new objects in a nursery and lets it grow to 3 × 16 MiB where garbage comes fast, whatever lives; hence the second
row, which the target is for. The target is an aim that this project set itself. Where the peak levels off is seen with more
poses: \`npm run bench:million -- 4000000\`.
`;
    const figures = figuresOf(`${poses.toLocaleString('en')} poses`, head, rows);
    return { text, figures, lines: lines.slice(-1) };
  },
);
