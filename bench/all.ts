/**
 * Runs the benchmarks in sequence. Each writes its report, and its rows of bench/report/figures.md.
 *
 *     npm run bench:all
 */
import { spawnSync } from 'node:child_process';
import { Option } from 'commander';
import { command, whole } from './support/command.ts';

const scripts = [
  'bench:ratios',
  'bench:wasm',
  'bench:strategies',
  'bench:cold',
  'bench:sizes',
  'bench:parallel',
  'bench:gpu',
];

const program = command('bench:all', {
  does: `Runs these benchmarks in sequence: ${scripts.join(', ')}. Also runs bench:wasm on Node 24. Failed benchmarks are named at the end.`,
  takes: 'about three quarters of an hour',
  writes: 'every report, and figures.md with all figures in one table',
})
  .option('--rounds <count>', 'maximum number of rounds (default: depends on the benchmark)', whole)
  .addOption(new Option('--only <scripts...>', 'run only these benchmarks').choices(scripts))
  .parse();
const { rounds, only } = program.opts<{ rounds?: number; only?: readonly string[] }>();

const failed: string[] = [];
function run(name: string, words: readonly string[]): void {
  console.error(`\n${name}\n`);
  const [file = '', ...args] = words;
  if (spawnSync(file, args, { stdio: ['ignore', 'ignore', 'inherit'] }).status !== 0) failed.push(name);
}
for (const script of scripts) {
  if (only && !only.includes(script)) continue;
  const options = rounds ? ['--', '--rounds', `${rounds}`] : [];
  const words = ['npm', 'run', script, ...options];
  run(script, words);
  if (script === 'bench:wasm') run(`${script} on Node 24`, ['npx', '-y', '-p', 'node@24', ...words]);
}
if (failed.length > 0) {
  console.error(`failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}
