import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSafetensors } from 'posetape/fit';
import { afterAll, describe, expect, test } from 'vitest';
import { escaped, lineOf } from '../../program/command/errors.ts';
import { progressOn } from '../../program/command/progress.ts';
import { draftOf, writeAtomically } from '../../program/files/atomic.ts';
import { commandLine, run, shell, start } from '../support/program.ts';

const data = (name: string) =>
  fileURLToPath(new URL(`../../examples/vina/data/imatinib-abl/${name}`, import.meta.url));
const [posesFile, receptor] = [data('poses.pdbqt'), data('pocket.pdbqt')];
const folder = mkdtempSync(join(tmpdir(), 'posetape-frame-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

/** Files for a run of several seconds, which tests interrupt. */
const manyFiles = Array.from({ length: 60 }, (_, i) => {
  const path = at(`copy${i}.pdbqt`);
  writeFileSync(path, readFileSync(posesFile));
  return path;
});
const longRun = [...manyFiles, '--receptor', receptor];

describe('the command line', () => {
  test('prints a help that names the commands; the help of score names its options', async () => {
    const { code, stdout, stderr } = await run(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const part of ['score', 'fit', 'merge', 'Examples:', 'Exit codes: 0 done']) {
      expect(stdout).toContain(part);
    }
    expect(stdout.split('\n').length).toBeLessThan(40);
    const score = (await run(['score', '--help'])).stdout;
    for (const option of 'receptor poses combination kT t target strategy json out state help'.split(' ')) {
      expect(score).toContain(`--${option} `);
    }
    for (const name of ['fit', 'merge']) {
      expect(await run([name, '--help'])).toMatchObject({ code: 0, stderr: '' });
    }
  });

  test('runs score if no command is named', async () => {
    const named = await run(['score', '--json']);
    expect(await run(['--json'])).toEqual(named);
    expect(named.code).toBe(0);
  });

  test('suggests the right spelling of commands and options', async () => {
    for (const [argv, message] of [
      ['scor poses.pdbqt', "unknown command 'scor'\n(Did you mean score?)"],
      ['mereg 1.json', "unknown command 'mereg'\n(Did you mean merge?)"],
      ['Refine', "unknown command 'Refine'\n(Did you mean refine?)"],
      ['fti', "unknown command 'fti'\n(Did you mean fit?)"],
      ['score --receptr x', "unknown option '--receptr'\n(Did you mean --receptor?)"],
    ] as const) {
      expect(await run(argv.split(' '))).toEqual({ code: 2, stdout: '', stderr: `error: ${message}\n` });
    }
    // The name of an existing folder, or a name that resembles no command, is taken for poses.
    for (const poses of ['docs', 'docked'])
      expect((await run([poses])).stderr).toContain("'--receptor <file>'");
  });

  test('shows progress and bold headings on a terminal, and restores the cursor', async () => {
    const { code, stdout, stderr } = await run([], true);
    expect(code).toBe(0);
    expect(stdout).toContain('\u001b[1m');
    expect(stderr).toContain('poses');
    expect(stderr.lastIndexOf('\u001b[?25h')).toBeGreaterThan(stderr.lastIndexOf('\u001b[?25l'));
    expect((await run(['--quiet'], true)).stderr).toBe('');
  });

  test('prints progress every ten seconds without a terminal', () => {
    const lines: string[] = [];
    const output = { write: (line: string) => lines.push(line) } as unknown as NodeJS.WritableStream;
    const now = performance.now;
    let time = 0;
    performance.now = () => time;
    try {
      const progress = progressOn(output);
      for (; time < 35_000; time += 100) progress.show('poses', time / 100);
      progress.stop();
    } finally {
      performance.now = now;
    }
    expect(lines).toEqual(['poses: 100\n', 'poses: 200\n', 'poses: 300\n']);
  });

  test('prints errors in one line, with control characters escaped', () => {
    expect(lineOf(new Error('a\n  b\u0007\u0000'))).toBe('a b\\x07\\x00');
    expect(escaped('µ\u009b')).toBe('µ\\x9b');
  });
});

describe('a run of the program', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'stopped by %s, keeps the partial output, says so and exits with 130',
    async name => {
      const out = at(`${name}.csv`);
      writeFileSync(out, 'earlier\n');
      const { child, ended } = start([...longRun, '--format', 'csv', '--out', out]);
      const temporary = () => readdirSync(folder).find(file => file.startsWith(`.${name}.csv`));
      await expect
        .poll(() => {
          const draft = temporary();
          return draft !== undefined && statSync(at(draft)).size > 0;
        })
        .toBe(true);
      child.kill(name);
      const { code, stdout, stderr } = await ended;
      expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
      expect(stderr).toBe(`the results so far are in ${out}.partial\ninterrupted by ${name}\n`);
      expect(readFileSync(out, 'utf8')).toBe('earlier\n');
      expect(readFileSync(`${out}.partial`, 'utf8')).toMatch(/^compound,.*\ncopy0,/);
      expect(temporary()).toBe(undefined);
    },
  );

  test('of fit, stopped by SIGINT, keeps the model of its last epoch', async () => {
    const out = at('model.safetensors');
    writeFileSync(out, 'earlier');
    const small =
      '--folder examples/schnet/data/demo --hidden 4 --interactions 1 --neighbours 6 --limit 2'.split(' ');
    const { child, ended } = start(['fit', ...small, '--epochs', '100000', '--json', '--out', out]);
    await expect.poll(() => readFileSync(out, 'utf8')).not.toBe('earlier');
    child.kill('SIGINT');
    const { code, stdout, stderr } = await ended;
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(stderr).toMatch(
      /^note: fits .*\nthe model of epoch \d+ is in .*model\.safetensors\ninterrupted by SIGINT\n$/,
    );
    expect(readSafetensors(readFileSync(out)).metadata.scorer).toBe('schnet');
  });

  test('killed by SIGKILL, leaves the previous output file', async () => {
    const out = at('killed.json');
    writeFileSync(out, 'earlier\n');
    const { child, ended } = start([...longRun, '--json', '--out', out]);
    await expect.poll(() => readdirSync(folder).some(file => file.startsWith('.killed'))).toBe(true);
    child.kill('SIGKILL');
    expect((await ended).code).toBe(null);
    expect(readFileSync(out, 'utf8')).toBe('earlier\n');
  });

  test('exits quietly if the reader of its output closes the pipe', async () => {
    const files = manyFiles.slice(0, 3).join(' ');
    const { code, stdout, stderr } = await shell(
      `${commandLine} ${files} --receptor ${receptor} --format csv | head -1; echo "\${PIPESTATUS[0]}"`,
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^compound,[^\n]*\n0\n$/);
    const closed = await shell(`${commandLine} | true; echo "\${PIPESTATUS[0]}"`);
    expect(closed).toMatchObject({ stdout: '0\n', stderr: '' });
  });

  test.skipIf(!existsSync('/dev/full'))('reports a full disk with the name of the file', async () => {
    expect(await shell(`${commandLine} > /dev/full`)).toMatchObject({
      code: 1,
      stderr: 'error: cannot write standard output: no space left on device\n',
    });
    for (const option of ['--out', '--state']) {
      expect(await shell(`${commandLine} ${option} /dev/full`)).toMatchObject({
        code: 1,
        stderr: 'error: cannot write /dev/full: no space left on device\n',
      });
    }
    expect(statSync('/dev/full').isCharacterDevice()).toBe(true);
  });

  test('writes to /dev/stdout given by name', async () => {
    const { code, stdout } = await shell(`${commandLine} --json --out /dev/stdout | head -c 1`);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '{' });
  });
});

test('score, refine, merge and convert reject an output that would replace an input', async () => {
  const [poses, receptor, sums] = [at('in.pdbqt'), at('rec.pdbqt'), at('in.json')];
  const data = 'examples/vina/data/imatinib-abl';
  const text = readFileSync(`${data}/poses.pdbqt`, 'utf8')
    .split(/(?=^MODEL)/m, 1)
    .join('');
  writeFileSync(poses, text);
  writeFileSync(receptor, readFileSync(`${data}/pocket.pdbqt`));
  const inputs = [poses, '--receptor', receptor];
  expect((await run(['score', ...inputs, '--state', sums])).code).toBe(0);
  symlinkSync('rec.pdbqt', at('rec-link'));
  for (const argv of [
    ['score', ...inputs, '--out', poses],
    ['score', ...inputs, '--out', at('rec-link')],
    ['score', ...inputs, '--state', receptor],
    ['refine', ...inputs, '--out', poses],
    ['merge', sums, '--out', sums],
    ['convert', receptor, '--out', receptor],
  ]) {
    const { code, stderr } = await run(argv);
    expect(stderr).toMatch(/^error: .* is an input, which the output would replace; choose another name\n$/);
    expect(code).toBe(1);
  }
  expect(readFileSync(poses, 'utf8')).toBe(text);
});

describe('writing a file atomically', () => {
  test('replaces the file only on commit, and keeps its mode and links to it', async () => {
    const [path, link] = [at('real.txt'), at('link.txt')];
    writeFileSync(path, 'old');
    chmodSync(path, 0o640);
    symlinkSync('real.txt', link);
    const draft = await draftOf(link);
    await draft.write('new ');
    await draft.write('text');
    expect(readFileSync(path, 'utf8')).toBe('old');
    await draft.commit();
    await draft.discard();
    expect(readFileSync(path, 'utf8')).toBe('new text');
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(readFileSync(link, 'utf8')).toBe('new text');
  });

  test('returns the name of the partial file, also if written through a link', async () => {
    writeFileSync(at('whole.csv'), '');
    symlinkSync('whole.csv', at('linked.csv'));
    for (const name of ['whole.csv', 'linked.csv']) {
      const draft = await draftOf(at(name));
      await draft.write('a part');
      expect(readFileSync(await draft.keepPartial(), 'utf8')).toBe('a part');
    }
  });

  test('keeps the permissions of a replaced file, whatever the umask', async () => {
    const path = at('shared.txt');
    writeFileSync(path, 'old');
    chmodSync(path, 0o666);
    const before = process.umask(0o077);
    try {
      await writeAtomically(path, 'new');
      await writeAtomically(at('own.txt'), 'new');
    } finally {
      process.umask(before);
    }
    expect(statSync(path).mode & 0o777).toBe(0o666);
    expect(statSync(at('own.txt')).mode & 0o777).toBe(0o600);
  });

  test('creates the missing target of a link, and rejects circular links and missing folders', async () => {
    symlinkSync('later.txt', at('first'));
    symlinkSync(at('first'), at('second'));
    await writeAtomically(at('second'), 'text');
    expect(readFileSync(at('later.txt'), 'utf8')).toBe('text');
    for (const name of ['first', 'second']) expect(lstatSync(at(name)).isSymbolicLink()).toBe(true);
    symlinkSync('no/such/file', at('nowhere'));
    symlinkSync('circle', at('circle'));
    await expect(writeAtomically(at('nowhere'), '')).rejects.toThrow(
      /^cannot write .*nowhere: no such file or directory$/,
    );
    await expect(writeAtomically(at('circle'), '')).rejects.toThrow(
      /^cannot write .*circle: too many symbolic links encountered$/,
    );
    expect(lstatSync(at('nowhere')).isSymbolicLink()).toBe(true);
  });

  test('leaves no file after discard or an error', async () => {
    const before = readdirSync(folder);
    const draft = await draftOf(at('dropped.txt'));
    await draft.write('text');
    await draft.discard();
    expect(readdirSync(folder)).toEqual(before);
    await expect(writeAtomically(at('no/file.txt'), '')).rejects.toThrow(
      /^cannot write .*file\.txt: no such file or directory$/,
    );
  });
});
