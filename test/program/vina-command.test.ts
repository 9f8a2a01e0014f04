import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { main } from '../../program/score/command.ts';
import type { Results } from '../../program/score/run.ts';

const posesFile = fileURLToPath(
  new URL('../../examples/vina/data/imatinib-abl/poses.pdbqt', import.meta.url),
);
const folder = mkdtempSync(join(tmpdir(), 'posetape-vina-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the command with its outputs caught; they are no terminal unless said so. */
async function run(
  argv: readonly string[],
  isTTY = false,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' };
  const into = (name: keyof typeof written) => {
    const stream = new Writable({
      write(chunk, _encoding, done) {
        written[name] += chunk;
        done();
      },
    });
    return Object.assign(stream, { isTTY });
  };
  const code = await main(argv, { stdout: into('stdout'), stderr: into('stderr') });
  return { code, ...written };
}

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('the command', () => {
  test('prints the best poses, three combinations, the gradient and what each strategy takes', async () => {
    const { code, stdout, stderr } = await run([]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const part of [
      '-13.067',
      'mean',
      'lse',
      'boltzmann',
      'hydrogenBond',
      'stream',
      'recompute',
      'full-graph',
    ]) {
      expect(stdout).toContain(part);
    }
    expect(stdout).toContain("stream: no more than one pose's tape was ever alive");
    expect(stdout).toMatch(/full-graph +jit float64 .*\n +full-graph +interpreter float64 /);
    expect(stdout).not.toContain('\u001b');
    expect(Math.max(...stdout.split('\n').map(line => line.length))).toBeLessThanOrEqual(80);
  });

  test('prints JSON and nothing else with --json', async () => {
    const { code, stdout, stderr } = await run(['--json', '--target=-9', '--combination', 'mean']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { predictions, combinations, loss, strategies }: Results = JSON.parse(stdout);
    expect(predictions.length).toBe(64);
    const average = predictions.reduce((total, each) => total + each, 0) / 64;
    expect(combinations.mean.value).toBeCloseTo(average, 12);
    expect(loss.value).toBeCloseTo((average + 9) ** 2, 12);
    // L′ = 2 (ΔG − target)
    for (const [name, slope] of Object.entries(combinations.mean.gradient)) {
      expect(loss.gradient[name as keyof typeof loss.gradient]).toBeCloseTo(2 * (average + 9) * slope, 8);
    }
    expect(strategies.map(({ strategy, executor, tapesAlive }) => [strategy, executor, tapesAlive])).toEqual([
      ['stream', 'jit float64', 1],
      ['recompute', 'jit float64', 1],
      ['full-graph', 'jit float64', 64],
      ['full-graph', 'interpreter float64', 64],
    ]);
    for (const { difference } of strategies) expect(difference).toBeLessThan(1e-12);
  });

  test('runs one strategy, with other settings', async () => {
    const { stdout } = await run([
      '--json',
      '--strategy',
      'recompute',
      '--combination',
      'lse',
      '--t',
      '5',
      '--kT',
      '2',
    ]);
    const results: Results = JSON.parse(stdout);
    expect(results).toMatchObject({ t: 5, kT: 2, loss: { combination: 'lse' } });
    expect(results.strategies.map(({ strategy }) => strategy)).toEqual(['recompute']);
    expect(results.combinations.lse.value).toBeLessThan(Math.min(...results.predictions));
  });

  test('shows progress and bold headings on a terminal', async () => {
    const { code, stdout, stderr } = await run(['--strategy', 'stream'], true);
    expect(code).toBe(0);
    expect(stderr).toContain('stream');
    expect(stderr).toContain('/64');
    expect(stdout).toContain('\u001b[1m');
  });

  test('tells of every option with --help', async () => {
    const { code, stdout } = await run(['--help']);
    expect(code).toBe(0);
    for (const option of [
      'receptor',
      'poses',
      'combination',
      'kT',
      't',
      'target',
      'strategy',
      'json',
      'help',
    ]) {
      expect(stdout).toContain(`--${option} `);
    }
  });
});

describe('a mistake is told in one line on stderr, with exit code 1', () => {
  const far = 'ATOM      1  C1  LIG A   7    -999.000   2.250 100.125  1.00  0.00     0.014 C';

  test.each([
    [
      'an unknown combination',
      ['--combination', 'median'],
      /'median' is invalid. Allowed choices are mean, lse, boltzmann/,
    ],
    ['an unknown strategy', ['--strategy', 'x'], /Allowed choices are stream, recompute, full-graph, all/],
    ['kT of 0', ['--kT', '0'], /--kT.*'0' is invalid. It must be a number greater than 0/],
    ['t below 0', ['--t=-1'], /--t.*'-1' is invalid. It must be a number greater than 0/],
    ['a target that is no number', ['--target', 'low'], /--target.*'low' is invalid. It must be a number/],
    ['a target that is not finite', ['--target', '1e999'], /'1e999' is invalid. It must be a number/],
    ['an empty number', ['--t', ''], /'' is invalid. It must be a number/],
    ['an unknown option', ['--bogus'], /unknown option '--bogus'/],
    ['an argument too many', ['poses.pdbqt'], /too many arguments/],
    ['a missing file', ['--poses', 'nowhere.pdbqt'], /cannot read nowhere.pdbqt: no such file or directory/],
    ['a folder', ['--poses', folder], /cannot read .*: illegal operation on a directory/],
    [
      'a receptor of many models',
      ['--receptor', posesFile],
      /poses.pdbqt, line 74: expected one model, as a receptor has, found another/,
    ],
    [
      'a file that is no PDBQT',
      ['--poses', file('a.txt', 'hello')],
      /a.txt: expected a file that ends in .pdbqt/,
    ],
    [
      'poses of two compounds',
      ['--poses', file('two.pdbqt', `MODEL 1\n${far}\nENDMDL\nMODEL 2\n${far.replace(/C$/, 'N')}\nENDMDL`)],
      /found other atoms in pose 2/,
    ],
    [
      'poses somewhere else',
      ['--poses', file('far.pdbqt', far)],
      /no pose comes within 8 Å of an atom of .*pocket.pdbqt/,
    ],
  ])('%s', async (_what, argv, message) => {
    const { code, stdout, stderr } = await run(argv);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^error: [^\n]*\n$/);
    expect(stderr).toMatch(message);
  });
});
