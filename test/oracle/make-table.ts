/**
 * Writes the table that oracle.test.ts reads: random programs with PyTorch's results.
 *
 *     npm run test:table
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { command, whole } from '../../bench/support/command.ts';
import { draw } from './draw.ts';
import type { OpName, Program } from './program.ts';
import { Random } from './random.ts';
import { opNames } from './recipes.ts';
import { type Entry, folder } from './table.ts';

interface Options {
  readonly seed: number;
  readonly python: string;
}

/** Reply of pytorch.py to one program. */
type Reply = Pick<Entry, 'answers'> | { readonly 'left out': string };

/** Number of programs in a file: few enough for a file smaller than 1 MiB. */
const perFile = 500;

function options(): Options {
  return command('test:table', {
    does: 'Draws random programs, lets PyTorch compute their values and gradients in float64, and writes the table that npm test compares executors with.',
    takes: 'half a minute',
    writes: `${folder}/*.jsonl and ${folder}/README.md`,
  })
    .option('--seed <seed>', 'seed of the programs', whole, 20260)
    .option('--python <command>', 'a Python that has torch', '/usr/bin/python3')
    .parse()
    .opts();
}

/** First ops of each program: every op, followed by each of a third of all ops, then ops to which many loop rewrites apply. */
const firsts: readonly (readonly OpName[])[] = [
  ...opNames.flatMap((op, i) => opNames.filter((_, k) => (i + k) % 3 === 0).map(then => [op, then])),
  ...new Array<OpName[]>(300).fill(['where']),
  ...new Array<OpName[]>(150).fill(['scaled']),
  ...new Array<OpName[]>(100).fill(['div']),
  ...new Array<OpName[]>(30).fill(['solve']),
];

/** Draws a program for each entry of `firsts`, up to ten times until the program contains all ops of the entry. */
function* drawn(seed: number): Generator<Program> {
  for (const [i, first] of firsts.entries()) {
    const has = ({ steps }: Program) => first.every(op => steps.some(step => step.op === op));
    let program: Program | undefined;
    for (let stream = 10 * i; stream < 10 * i + 10 && !(program && has(program)); stream++)
      program = draw(new Random(seed, stream), { first, steps: 5 });
    if (program) yield program;
  }
}

function main(): void {
  const { seed, python } = options();
  const script = new URL('pytorch.py', import.meta.url).pathname;
  const torch =
    (...args: string[]) =>
    (input: string) =>
      execFileSync(python, [script, ...args], { input, encoding: 'utf8', maxBuffer: 2 ** 30 });
  const version = torch('--version')('').trim();
  const programs = [...drawn(seed)];
  const lines = torch()(programs.map(program => `${JSON.stringify(program)}\n`).join(''))
    .trimEnd()
    .split('\n');
  const replies = lines.map(line => JSON.parse(line) as Reply);
  const entries: Entry[] = [];
  const leftOut = new Map<string, number>();
  for (const [i, reply] of replies.entries()) {
    if ('answers' in reply) entries.push({ ...(programs[i] as Program), answers: reply.answers });
    else leftOut.set(reply['left out'], (leftOut.get(reply['left out']) ?? 0) + 1);
  }
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (let from = 0; from < entries.length; from += perFile) {
    const text = entries.slice(from, from + perFile).map(entry => `${JSON.stringify(entry)}\n`);
    writeFileSync(`${folder}/${`${from}`.padStart(4, '0')}.jsonl`, text.join(''));
  }
  const reasons = [...leftOut].map(([reason, times]) => `- ${times}: ${reason}\n`);
  const remake = `npm run test:table -- --seed ${seed}`;
  const provenance = `${entries.length} programs of ${programs.length} drawn, computed by PyTorch ${version} in float64; \`${remake}\` makes them again.\n`;
  const readme = `# Programs and answers\n\n${provenance}\nLeft out:\n\n${reasons.join('')}`;
  writeFileSync(`${folder}/README.md`, readme);
  console.log(readme);
}

main();
