import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Helped } from './support/help.ts';

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
/** Those that are programs of this project; the others are programs of other packages, or call some of these. */
const ours = Object.entries(scripts)
  .filter(([, line]) => line.startsWith('tsx '))
  .map(([name, line]) => {
    const words = line.split(' ').slice(1);
    const options = words.filter(word => word.startsWith('--conditions'));
    return { name, options, program: words.filter(word => !options.includes(word)) };
  });

function tsx(...args: string[]) {
  return spawnSync(process.execPath, ['node_modules/tsx/dist/cli.mjs', ...args], { encoding: 'utf8' });
}

/** Asks programs that are started with the same options, all in one process: to start one takes as long as to ask ten. */
function help(options: readonly string[], programs: readonly (readonly string[])[]): Helped[] {
  const { status, stdout, stderr } = tsx(...options, 'test/support/help.ts', JSON.stringify(programs));
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as Helped[];
}

const conditions = [...new Set(ours.map(({ options }) => options.join(' ')))];

describe.each(conditions)('npm run … -- --help, started with tsx %s', started => {
  const some = ours.filter(({ options }) => options.join(' ') === started);
  const [first] = some as [(typeof some)[number]];
  let helped: readonly Helped[] | undefined;

  test.each(some)('$name tells how to use it, and does nothing else', each => {
    helped ??= help(
      first.options,
      some.map(({ program }) => program),
    );
    const { code, stdout, stderr } = helped[some.indexOf(each)] as Helped;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [file, command] = each.program as [string, string?];
    const called =
      file !== 'program/main.ts'
        ? `npm run ${each.name.replace(':build', '')} --`
        : `npm start --${command ? ` ${command}` : ''}`;
    expect(stdout).toMatch(new RegExp(`^Usage: ${called} \\[options\\]`));
    expect(stdout.trimEnd()).toMatch(/-h, --help +display help for command(?:\n\n[^|#]*)?$/);
    if (!/^(?:start|schnet)/.test(each.name)) expect(stdout).toMatch(/It takes [^,]+,[^.]* and\s+writes/);
  });
});

test('an option that is not known is an error, in a line', () => {
  const [, ...words] = (scripts['bench:ratios'] as string).split(' ');
  const { status, stdout, stderr } = tsx(...words, '--round', '1');
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toContain("unknown option '--round'");
});
