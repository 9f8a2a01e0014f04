import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Helped } from './support/help.ts';

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
/** Scripts that run a program of this project by tsx. */
const programs = Object.entries(scripts)
  .filter(([, line]) => line.startsWith('tsx '))
  .map(([name, line]) => {
    const words = line.split(' ').slice(1);
    const options = words.filter(word => word.startsWith('--conditions'));
    return { name, options, program: words.filter(word => !options.includes(word)) };
  });

function tsx(...args: string[]) {
  return spawnSync(process.execPath, ['node_modules/tsx/dist/cli.mjs', ...args], { encoding: 'utf8' });
}

/** Collects the help of several programs in one process, since a new process takes as long as the help of ten. */
function help(options: readonly string[], argvs: readonly (readonly string[])[]): Helped[] {
  const { status, stdout, stderr } = tsx(...options, 'test/support/help.ts', JSON.stringify(argvs));
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as Helped[];
}

const conditions = [...new Set(programs.map(({ options }) => options.join(' ')))];

describe.each(conditions)('--help of a script that runs tsx %s', condition => {
  const group = programs.filter(({ options }) => options.join(' ') === condition);
  const [first] = group as [(typeof group)[number]];
  let helped: readonly Helped[] | undefined;

  test.each(group)('$name prints how to use it, and does nothing else', script => {
    helped ??= help(
      first.options,
      group.map(({ program }) => program),
    );
    const { code, stdout, stderr } = helped[group.indexOf(script)] as Helped;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [file, command] = script.program as [string, string?];
    const invocation =
      file !== 'program/main.ts'
        ? `npm run ${script.name.replace(':build', '')} --`
        : `npm start --${command ? ` ${command}` : ''}`;
    expect(stdout).toMatch(new RegExp(`^Usage: ${invocation} \\[options\\]`));
    expect(stdout.trimEnd()).toMatch(/-h, --help +display help for command(?:\n\n[^|#]*)?$/);
    if (!/^(?:start|schnet)/.test(script.name)) expect(stdout).toMatch(/It takes [^,]+,[^.]* and\s+writes/);
  });
});

test('an unknown option of a benchmark is an error', () => {
  const [, ...words] = (scripts['bench:ratios'] as string).split(' ');
  const { status, stdout, stderr } = tsx(...words, '--round', '1');
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toContain("unknown option '--round'");
});
