/**
 * Runs programs with --help one after the other in this process, and prints the output and exit code of each as JSON.
 *
 *     tsx test/support/help.ts '[["bench/ratios.ts"], ["scripts/page.ts", "--build"]]'
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Thrown in place of the exit of a program, which must not end this process. */
class Ended {
  readonly code: number;
  constructor(code: number) {
    this.code = code;
  }
}

export interface Helped {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function help([file, ...args]: readonly [string, ...string[]], nth: number): Promise<Helped> {
  const path = resolve(file);
  const written = { stdout: '', stderr: '' };
  const own = { stdout: process.stdout.write, stderr: process.stderr.write, exit: process.exit };
  for (const name of ['stdout', 'stderr'] as const) {
    process[name].write = (text: string | Uint8Array) => {
      written[name] += text;
      return true;
    };
  }
  process.exit = code => {
    throw new Ended(Number(code ?? 0));
  };
  process.argv = [process.execPath, path, ...args, '--help'];
  process.exitCode = undefined;
  try {
    // A different URL makes a program that is listed twice run twice.
    await import(asked.has(path) ? `${pathToFileURL(path)}?${nth}` : `${pathToFileURL(path)}`);
    return { code: Number(process.exitCode ?? 0), ...written };
  } catch (error) {
    if (error instanceof Ended) return { code: error.code, ...written };
    return { code: 1, ...written, stderr: `${written.stderr}${(error as Error).stack}` };
  } finally {
    asked.add(path);
    process.exitCode = undefined;
    Object.assign(process, { exit: own.exit });
    process.stdout.write = own.stdout;
    process.stderr.write = own.stderr;
  }
}

const asked = new Set<string>();
const helped: Helped[] = [];
for (const [nth, program] of (JSON.parse(process.argv[2] as string) as [string, ...string[]][]).entries()) {
  helped.push(await help(program, nth));
}
console.log(JSON.stringify(helped));
