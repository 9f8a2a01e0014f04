import { lengthOf } from '../compile/sizes.ts';
import type { Structure } from '../compile/structure.ts';
import { listed } from './emit/listing.ts';
import type { CompiledStep, PlanModule } from './module.ts';

/** The passes of a module as text: the buffers that each step reads and stores, with their bytes, and all functions. */
export function explained({ plan, passes, functions, bytes }: PlanModule, { sizes }: Structure): string {
  const list = (ids: readonly number[], local: ReadonlySet<number>) =>
    ids
      .map(id => {
        const { shape } = plan.buffers[id] as (typeof plan.buffers)[number];
        return `b${id} (${4 * lengthOf(shape, sizes)} B${local.has(id) ? ', a band at a time' : ''})`;
      })
      .join(', ') || 'nothing';
  const partText = (part: CompiledStep, local: ReadonlySet<number>) => {
    const { name, step } = part;
    const what =
      step.kind === 'loop'
        ? `$${name}: ${step.ops.join(', ')}`
        : `$${name}: matrix product ${[step.m, step.k, step.n].map(size => sizes[size]).join(' × ')}`;
    return `;;   ${what}\n;;     reads ${list(step.reads, local)}\n;;     stores ${list(step.writes, local)}`;
  };
  const passText = passes.map(({ parts, axis, local }, i) => {
    const over = axis === undefined ? '' : ` over ${sizes[axis]} rows, a band at a time`;
    return [`;; pass ${i}${over}`, ...parts.map(part => partText(part, local))].join('\n');
  });
  const text = functions.map(({ builder }) => listed(builder)).join('\n\n');
  const head = `;; ${plan.steps.length} steps in ${passes.length} passes, ${functions.length} functions in a module of ${bytes.length} B`;
  return [head, ...passText, text].join('\n\n');
}
