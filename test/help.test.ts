import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
/** Those that are programs of this project; the others are programs of other packages, or call some of these. */
const ours = Object.entries(scripts).filter(([, line]) => line.startsWith('tsx '));

/** What a program writes, and how it ends. */
async function run(line: string, ...args: string[]) {
  const [, ...words] = line.split(' ');
  const child = spawn(process.execPath, ['node_modules/tsx/dist/cli.mjs', ...words, ...args]);
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name].on('data', data => (written[name] += data));
  const code = await new Promise(resolve => child.on('close', resolve));
  return { code, ...written };
}

describe('npm run … -- --help', () => {
  test.concurrent.each(ours)('%s tells how to use it, and does nothing else', async (name, line) => {
    const { code, stdout, stderr } = await run(line, '--help');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const called = name === 'start' ? 'npm start' : `npm run ${name.replace(':build', '')}`;
    expect(stdout).toMatch(new RegExp(`^Usage: ${called} -- \\[options\\]`));
    expect(stdout.trimEnd()).toMatch(/-h, --help +display help for command(?:\n\n[^|#]*)?$/);
    if (!/^(?:start|schnet)/.test(name)) expect(stdout).toMatch(/It takes [^,]+,[^.]* and\s+writes/);
  });

  test('an option that is not known is an error, in a line', async () => {
    const { code, stdout, stderr } = await run(scripts['bench:ratios'] as string, '--round', '1');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain("unknown option '--round'");
  });
});
