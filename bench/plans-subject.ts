// The first run and later ones of one graph, in a process of its own. Arguments: graph, size, executor.

import { interpreter, jit } from 'posetape';
import { wasm } from 'posetape/wasm';
import { graphs } from './plan-graphs.ts';
import type { PlanTimes } from './plans.ts';
import { cpuTime, median } from './support/clock.ts';
import { serve } from './support/serve.ts';

const [name, size, which] = process.argv.slice(2) as [string, string, string];
const wanted = graphs[name]?.(Number(size)) ?? [];
const executor = which === 'jit' ? jit() : which === 'wasm' ? wasm() : interpreter();

function timed(): number {
  const start = cpuTime();
  executor.run(wanted);
  return cpuTime() - start;
}

await serve({
  times: (): PlanTimes => {
    const first = timed();
    const later = median(Array.from({ length: 7 }, timed));
    return { values: wanted[0]?.tape.values.length ?? 0, first, later };
  },
});
