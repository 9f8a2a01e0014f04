/**
 * Runs programs with --help one after the other in this process, and prints the output and exit code of each as JSON.
 *
 *     tsx test/support/help.ts '[["bench/ratios.ts"], ["scripts/page.ts", "--build"]]'
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Thrown by `process.exit`, so that no program ends this process. */
class Ended {
  readonly code: number;
  constructor(code: number) {
    this.code = code;
  }
}

/** Output and exit code of a program. */
export interface Helped {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function help([file, ...args]: readonly [string, ...string[]], nth: number): Promise<Helped> {
  const path = resolve(file);
  const output = { stdout: '', stderr: '' };
  const original = { stdout: process.stdout.write, stderr: process.stderr.write, exit: process.exit };
  for (const name of ['stdout', 'stderr'] as const) {
    process[name].write = (text: string | Uint8Array) => {
      output[name] += text;
      return true;
    };
  }
  process.exit = code => {
    throw new Ended(Number(code ?? 0));
  };
  process.argv = [process.execPath, path, ...args, '--help'];
  process.exitCode = undefined;
  try {
    // A module runs once per URL, so a program that is listed twice needs a second URL.
    await import(imported.has(path) ? `${pathToFileURL(path)}?${nth}` : `${pathToFileURL(path)}`);
    return { code: Number(process.exitCode ?? 0), ...output };
  } catch (error) {
    if (error instanceof Ended) return { code: error.code, ...output };
    return { code: 1, ...output, stderr: `${output.stderr}${(error as Error).stack}` };
  } finally {
    imported.add(path);
    process.exitCode = undefined;
    Object.assign(process, { exit: original.exit });
    process.stdout.write = original.stdout;
    process.stderr.write = original.stderr;
  }
}

const imported = new Set<string>();
const helped: Helped[] = [];
for (const [nth, program] of (JSON.parse(process.argv[2] as string) as [string, ...string[]][]).entries()) {
  helped.push(await help(program, nth));
}
console.log(JSON.stringify(helped));
