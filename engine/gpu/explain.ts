import { stepSourcesOf } from './pipeline.ts';
import type { KernelPlan } from './plan/kernels.ts';
import type { Argument, Arithmetic, Source } from './print.ts';

/** The kernels of a plan as text. For each kernel it shows the bytes read and stored, the arguments and the source. */
export function explained(plan: KernelPlan, arithmetic: Arithmetic): string {
  // A float32 number has 4 bytes.
  const bytes = (buffer: number) => 4 * (plan.lengths[buffer] as number);
  const list = (buffers: readonly number[]) =>
    buffers.map(id => `b${id} (${bytes(id)} B)`).join(', ') || 'nothing';
  const calls = stepSourcesOf(plan, arithmetic);
  const texts = new Set(calls.map(({ text }) => text));
  const steps = calls.map((call, i) => {
    const { step } = call;
    const what = step.kind === 'pack' ? 'packing' : step.ops.join(', ');
    const reads = `//    reads ${list(step.reads)}`;
    return `// ${i}: ${what}\n${reads}\n//    stores b${call.buffer} (${bytes(call.buffer)} B)\n//    called with ${argumentsOf(call)}\n${call.text}`;
  });
  const head = `// ${calls.length} kernels, ${texts.size} of them different`;
  return [head, ...steps].join('\n\n');
}

/** The arguments of a call as text. */
function argumentsOf({ passed }: Source): string {
  const name = (argument: Argument): string => {
    switch (argument.kind) {
      case 'inputs':
        return 'the inputs';
      case 'buffer':
        return `b${argument.number}`;
      case 'size':
        return `size ${argument.number}`;
      case 'start':
        return `start ${argument.number}`;
      case 'offset':
        return `start of input ${argument.number}`;
      case 'literal':
        return `${argument.value}`;
    }
  };
  return passed.map(name).join(', ') || 'nothing';
}
