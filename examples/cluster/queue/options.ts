import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Fit } from './step.ts';

/** Parses the arguments of `npm run fit` and `npm run alone`. */
export function fitOptions(): Fit & { readonly run: string } {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      run: { type: 'string', default: 'fit' },
      steps: { type: 'string', default: '3' },
      rate: { type: 'string', default: '1e-6' },
      chunk: { type: 'string', default: '1000' },
    },
  });
  const { run, steps, rate, chunk } = values;
  const [path] = positionals;
  // npm runs scripts in the folder of the package. INIT_CWD is the folder in which npm was called.
  const folder = path
    ? resolve(process.env.INIT_CWD ?? '', path)
    : fileURLToPath(new URL('../../schnet/data/demo', import.meta.url));
  return { folder, run, steps: Number(steps), rate: Number(rate), posesPerChunk: Number(chunk) };
}
