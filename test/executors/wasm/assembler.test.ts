import { describe, expect, test } from 'vitest';
import { assembled, encoded } from '../../../engine/wasm/emit/assembler.ts';
import { FunctionBuilder, i32, op, store } from '../../../engine/wasm/emit/code.ts';
import { listed } from '../../../engine/wasm/emit/listing.ts';
import { engine } from '../../../engine/wasm/support.ts';

const { api } = engine();

/** Runs a function without parameters in a new memory, and returns the memory. */
function run(f: FunctionBuilder): Int32Array {
  const memory = new api.Memory({ initial: 1 });
  const module = new api.Module(assembled([encoded(f, [])], []));
  const { exports } = new api.Instance(module, { arena: { memory } });
  (exports[f.name] as () => void)();
  return new Int32Array(memory.buffer);
}

describe('the assembler', () => {
  test('constants of any length in LEB128 keep their value and sign', () => {
    const numbers = [0, 1, 63, 64, 127, 128, 8191, 8192, 2 ** 20, 2 ** 31 - 1].flatMap(n => [n, -n - 1]);
    const f = new FunctionBuilder('numbers', []);
    for (const [i, number] of numbers.entries()) f.add(store('i32.store', i32(0), i32(number), 4 * i));
    expect([...run(f).subarray(0, numbers.length)]).toEqual(numbers);
  });

  test('offsets may be large', () => {
    const f = new FunctionBuilder('far', []);
    for (const offset of [124, 128, 16_380, 16_384, 65_532])
      f.add(store('i32.store', i32(0), i32(offset), offset));
    const memory = run(f);
    for (const offset of [124, 128, 16_380, 16_384, 65_532]) expect(memory[offset / 4]).toBe(offset);
  });

  test('nested loops count independently', () => {
    const f = new FunctionBuilder('sum', []);
    const [i, j, sum] = ['i', 'j', 'sum'].map(name => f.local('i32', name)) as [never, never, never];
    const get = (local: never) => ({ kind: 'get', local }) as const;
    f.for(i, i32(5), i32(1), () => {
      f.set(j, i32(0));
      f.for(j, get(i), i32(1), () => f.set(sum, op('i32.add', get(sum), get(j))));
    });
    f.add(store('i32.store', i32(0), get(sum)));
    // 0 + 0 + 1 + (1 + 2) + (1 + 2 + 3)
    expect(run(f)[0]).toBe(10);
    expect(listed(f)).toMatch(/\(loop \$i\n[\s\S]*\(loop \$j\n/);
  });
});
