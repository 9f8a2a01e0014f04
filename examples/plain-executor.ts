import { Memory, type SyncExecutor, type Tensor, type Value } from 'posetape';
import { compute } from '../engine/compute.ts';
import { liveValues } from '../engine/executor.ts';
import { sizeOf } from '../engine/shape.ts';

/** Returns an executor that computes one value at a time, in float64, and keeps all values until the run ends. */
export function plain(): SyncExecutor {
  return {
    name: 'plain float64',
    precision: 'float64',
    stops: true,
    run(wanted, { memory = new Memory(), proceed, onValue } = {}) {
      const [first] = wanted;
      const computed = new Map<Value, Tensor>();
      let bytes = 0;
      const take = (count: number) => {
        bytes += count;
        memory.take(count);
      };
      const read = (value: Value) => computed.get(value) as Tensor;
      const result = (value: Value): Tensor => ({ ...read(value), data: read(value).data.slice() });
      try {
        take(first?.tape.copiedBytes ?? 0);
        for (const value of liveValues(wanted)) {
          const { form, inputs, shape } = value;
          if (value.dtype === 'index' && form.kind === 'constant') {
            computed.set(value, form.tensor);
          } else {
            const out = { data: new Float64Array(sizeOf(shape)), shape };
            take(out.data.byteLength);
            compute(form, inputs.map(read), out);
            computed.set(value, out);
          }
          onValue?.(value, read(value));
          if (value === first && proceed?.(read(value)) === false) return [result(value)];
        }
        return wanted.map(result);
      } finally {
        memory.give(bytes);
      }
    },
  };
}
