/**
 * A million poses in the memory of one: they are made up on the way, scored, differentiated, folded and forgotten. Writes
 * bench/report/million.md.
 *
 *     npm run bench:million [-- <poses>]
 */
import { mkdir, writeFile } from 'node:fs/promises';
import type { Streamed } from './million-subject.ts';
import { machine } from './support/machine.ts';
import { Programs } from './support/measured.ts';
import { Progress } from './support/progress.ts';
import { bytes, digits, table } from './support/text.ts';

const poses = Number(process.argv[2] ?? 1_000_000);
if (!Number.isInteger(poses) || poses < 20) {
  console.error('error: the number of poses must be a whole number from 20');
  process.exit(1);
}
/** What the process may take over its baseline. */
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
const parts = 20;

const programs = await Programs.bundled('million-subject.ts');
const progress = new Progress(parts * settings.length);
const results: { name: string; last: Streamed }[] = [];
try {
  for (const { name, flags } of settings) {
    const running = programs.start('million-subject.ts', [poses, parts], { flags });
    for (let part = 0; part < parts; part++) {
      const { poses: done, processBytes } = await running.hear<Streamed>();
      progress.next(`${done.toLocaleString('en')} poses, ${bytes(processBytes)} over baseline, ${name}`);
    }
    results.push({ name, last: await running.hear<Streamed>() });
  }
} finally {
  progress.stop();
  await programs.remove();
}

const rows = results.map(({ name, last }) => [
  name,
  bytes(last.processBytes),
  last.processBytes < target ? 'below' : 'above',
  `${last.engineBytes} B`,
  `${digits(last.cpu)} s`,
  `${digits((1e6 * last.cpu) / poses)} µs`,
]);
const head = [
  '',
  'process peak over baseline',
  `target ${bytes(target)}`,
  'engine peak',
  'CPU time',
  'a pose',
];
const text = `# ${poses.toLocaleString('en')} poses

By \`npm run bench:million\` on ${machine()}.

Each pose is made up on the way: twenty distances, scored in two parameters, \`jit()\`, \`keepPredictions: false\`; value and
gradient. The baseline is taken after a thousand poses.

${table(head, rows)}

V8 keeps new objects in a nursery and lets it grow to 3 × 16 MiB where garbage comes fast, whatever lives; hence the second
row, which the target is held against.
`;
await mkdir('bench/report', { recursive: true });
await writeFile('bench/report/million.md', text);
console.log(text);
const small = results.at(-1)?.last.processBytes ?? Number.POSITIVE_INFINITY;
if (small >= target) process.exitCode = 1;
