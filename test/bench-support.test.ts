import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { buildSync } from 'esbuild';
import { afterAll, describe, expect, test } from 'vitest';
import { whole, wholes } from '../bench/support/command.ts';
import { recordFigures, rendered, type Section } from '../bench/support/figures.ts';
import { machine } from '../bench/support/machine.ts';
import { atLeast, atMost, type Line, lineSection, verdict } from '../bench/support/rows.ts';

const folder = mkdtempSync(join(tmpdir(), 'posetape-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Bundles a file of bench/ to a module that Node runs without tsx. Returns the path of the module as JSON. */
function bundled(source: string): string {
  const outfile = join(folder, source.replace(/\.ts$/, '.mjs'));
  buildSync({ entryPoints: [join('bench', source)], outfile, bundle: true, platform: 'node', format: 'esm' });
  return JSON.stringify(outfile);
}

describe('restartPeak', () => {
  const program = `
    import { restartPeak } from ${bundled('support/peak.ts')};
    let freed = Buffer.alloc(100 * 2 ** 20, 1);
    freed = undefined;
    const peak = restartPeak();
    const first = peak();
    const held = Buffer.alloc(40 * 2 ** 20, 1);
    console.log(JSON.stringify([first, peak(), held.length]));
  `;

  test.runIf(process.platform === 'linux')(
    'measures only memory allocated after the call, and none of the parent process',
    () => {
      // If the program read its peak from getrusage(2), it would start with the peak of its parent.
      const parentMemory = Buffer.alloc(300 * 2 ** 20, 1);
      const { stdout } = spawnSync(process.execPath, ['--expose-gc', '--input-type=module', '-e', program], {
        encoding: 'utf8',
      });
      expect(parentMemory.length).toBe(300 * 2 ** 20);
      const [first, peak, held] = JSON.parse(stdout) as [number, number, number];
      expect(first).toBeLessThan(4 * 2 ** 20);
      expect(peak).toBeGreaterThan(0.95 * held);
      expect(peak).toBeLessThan(held + 10 * 2 ** 20);
    },
  );
});

describe('atEnd and scratchFolder', () => {
  const program = (rest: string) => `
    import { atEnd, scratchFolder } from ${bundled('support/at-end.ts')};
    const folder = scratchFolder();
    atEnd(() => console.log('action'));
    atEnd(() => console.log('cancelled'))();
    console.log(folder);
    ${rest}
  `;

  /** Runs the program to its end. If a signal is given, sends it once the program has printed its folder. */
  async function run(rest: string, signal?: NodeJS.Signals) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program(rest)]);
    let stdout = '';
    child.stdout.on('data', data => {
      stdout += data;
      if (signal && stdout.includes('\n')) child.kill(signal);
    });
    const code = await new Promise(resolve => child.on('close', resolve));
    const [folder = '', ...lines] = stdout.trim().split('\n');
    return { code, folder, lines };
  }

  const forever = 'setInterval(() => {}, 1000);';
  test.each<[string, string, NodeJS.Signals | undefined, number]>([
    ['normally', '', undefined, 0],
    ['after an error', 'throw new Error("no");', undefined, 1],
    ['by Ctrl+C', forever, 'SIGINT', 130],
    ['by SIGTERM', forever, 'SIGTERM', 143],
  ])(
    'run the actions that were not cancelled, and delete the folder, if the process ends %s',
    async (_, rest, signal, expected) => {
      const { code, folder, lines } = await run(rest, signal);
      expect(folder).toContain('posetape-bench-');
      expect(existsSync(folder)).toBe(false);
      expect({ code, lines }).toEqual({ code: expected, lines: ['action'] });
    },
  );
});

describe('verdict of a line', () => {
  const line = (number: number | undefined, target: Line['target']): Line => ({
    what: 'what',
    figures: '',
    number,
    unit: '×',
    ...(target && { target }),
  });
  test('is “not measured” if a side of the ratio is missing', () => {
    expect(verdict(line(Number.NaN, atMost(1)))).toBe('not measured');
    expect(verdict(line(undefined, atLeast(1)))).toBe('not measured');
    expect(lineSection([line(Number.NaN, atMost(1))]).rows[0]?.slice(0, 2)).toEqual(['what', '–']);
  });

  test.each([
    [1, atMost(1), 'pass'],
    [2, atMost(1), 'miss'],
    [2, atLeast(1), 'pass'],
    [2, undefined, ''],
  ] as const)('with the number %s and the target %o is %j', (number, target, expected) => {
    expect(verdict(line(number, target))).toBe(expected);
  });
});

const section = (title: string, ...rows: string[][]): Section => ({ title, head: ['', 'ms', 'MiB'], rows });

test('figures.md keeps only the newest figures of each report', async () => {
  const record = (report: string, by: string, figures: Section) =>
    recordFigures(join(folder, `${report}.md`), by, [figures]);
  await record('peers', 'By then', section('A', ['|x|, jit', '1', '2']));
  await record('cold', 'By now', section('', ['wasm', '3', '']));
  await record('peers', 'By now', section('A', ['|x|, jit', '5', '6']));
  const rows = readFileSync(join(folder, 'figures.md'), 'utf8')
    .split('\n')
    .filter(line => /^(?:- |\| (?:peers|cold))/.test(line));
  expect(rows.map(row => row.replace(/ +/g, ' '))).toEqual([
    '- cold: By now.',
    '- peers: By now.',
    '| cold | wasm | ms: 3 |',
    '| peers | A, ∣x∣, jit | ms: 5; MiB: 6 |',
  ]);
});

test('a report has a title, its origin, an explanation, the chart and the tables, in this order', () => {
  const sections = [section('A', ['jit', '1', '2'])];
  const text = rendered({ title: 'Cold', about: 'CPU time.', sections }, 'By now', 'bench/report/cold.svg');
  const table = '|     |  ms | MiB |\n| --- | --: | --: |\n| jit |   1 |   2 |';
  expect(text).toBe(`# Cold\n\nBy now.\n\nCPU time.\n\n![Cold](cold.svg)\n\n## A\n\n${table}\n`);
});

test('bench/sizes.ts runs: its processes agree, and it writes report and figures', () => {
  const out = join(folder, 'quick', 'sizes.md');
  const words = ['--conditions=posetape:source', 'bench/sizes.ts', '--quick', '--rounds', '1', '--out', out];
  const { status, stderr } = spawnSync(process.execPath, ['node_modules/tsx/dist/cli.mjs', ...words], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('10 pairs') });
  const rows =
    readFileSync(out, 'utf8').match(/^\| (?:10 pairs|3 layers of 4, 4 rows|message passing,.*?) .*$/gm) ?? [];
  expect(rows.length).toBe(6);
  // The columns are θ, values per pose, poses per tape, and microseconds by jit in float64, jit in float32 and wasm.
  for (const row of rows) expect(row).toMatch(/\|(?: +[\d.,]+ +\|){6}/);
  const figures = readFileSync(join(folder, 'quick', 'figures.md'), 'utf8');
  expect(figures.match(/^\| sizes +\| µs a pose, /gm)?.length).toBe(6);
});

test('machine() states cores, memory, Node version, date and commit', () => {
  const now = new Date('2026-01-02T12:00:00Z');
  expect(machine(now)).toMatch(
    /(?:\b1 core|\d cores), \d+ GiB, .*Node [\d.]+ .*, 2026-01-02, commit (?:unknown|[0-9a-f]{7,}(?: with changes)?)$/,
  );
});

describe('options of benchmarks', () => {
  const standard = [64, 1024];
  const parse = (...argv: string[]) =>
    new Command()
      .exitOverride()
      .configureOutput({ writeErr: () => {} })
      .option('--poses <counts...>', '', wholes(standard), standard)
      .option('--rounds <count>', '', whole, 5)
      .parse(argv, { from: 'user' })
      .opts<{ poses: number[]; rounds: number }>();

  test('replace their defaults', () => {
    expect(parse()).toEqual({ poses: standard, rounds: 5 });
    expect(parse('--poses', '1', '4', '--rounds', '2')).toEqual({ poses: [1, 4], rounds: 2 });
  });

  test.each(['0', '-1', '1.5', 'x', ''])('are rejected if they are %j', text => {
    expect(() => parse('--rounds', text)).toThrow(/whole number from 1/);
    expect(() => parse('--poses', '4', text)).toThrow(/whole number from 1/);
  });
});
