import { interpreter, Memory, Tape, type Tensor, tensor, type Value } from 'posetape';
import { broadcastTo, exp, gather, matmul, segmentSum, softplus, sum, transpose } from 'posetape/ops';
import { wasm } from 'posetape/wasm';
import { describe, expect, test } from 'vitest';
import { planOf } from '../../../engine/compile/plan.ts';
import { structureOf } from '../../../engine/compile/structure.ts';
import { liveValues } from '../../../engine/executor.ts';
import type { LinearMemory, WebAssemblyApi } from '../../../engine/wasm/api.ts';
import { Arena } from '../../../engine/wasm/arena.ts';
import type { Code, FunctionBuilder } from '../../../engine/wasm/emit/code.ts';
import { moduleOf } from '../../../engine/wasm/module.ts';
import { plain, relaxed } from '../../../engine/wasm/simd.ts';
import { expectClose } from '../../support/equal.ts';

const GiB = 2 ** 30;

/** Matrix of deterministic numbers from 0.5 to 1.5. */
const numbers = (rows: number, columns: number, seed: number) =>
  tensor(
    Float32Array.from({ length: rows * columns }, (_, i) => 1 + 0.5 * Math.sin(7.3 * i + seed)),
    [rows, columns],
  );

/** Values that together need every kind of loop: products of all transposes, sums, scatters and gathers. */
function everyLoop(tape: Tape): Value[] {
  const [a, b, x] = [numbers(30, 700, 1), numbers(700, 33, 2), numbers(4000, 8, 3)].map(matrix =>
    tape.constant(matrix),
  ) as [Value, Value, Value];
  const rows = Int32Array.from({ length: 4000 }, (_, i) => (i * 7) % 999);
  const products = [
    matmul(a, b),
    matmul(transpose(b), transpose(a)),
    matmul(transpose(x), x),
    matmul(b, transpose(b)),
  ];
  return [
    ...products,
    matmul(softplus(a), b),
    sum(x, 0),
    sum(x, 1),
    segmentSum(x, rows, 999),
    gather(x, rows),
    transpose(x),
  ];
}

function walk(codes: readonly Code[], visit: (code: Code) => void): void {
  for (const code of codes) {
    visit(code);
    if ('args' in code) walk(code.args, visit);
    if (code.kind === 'set') walk([code.value], visit);
    if (code.kind === 'loop') walk(code.body, visit);
    if (code.kind === 'again') walk([code.condition], visit);
    if (code.kind === 'if') walk([code.condition, ...code.then], visit);
  }
}

/** Names of the locals that are terms of a sum. Locals that are factors of products are left out. */
function termsOf(code: Code | undefined): string[] {
  if (code?.kind === 'get') return [code.local.name];
  const isSum = code?.kind === 'plain' && ['i32.add', 'i32.sub', 'select'].includes(code.op);
  return isSum ? code.args.flatMap(termsOf) : [];
}

/** Signed comparisons, in a function, of addresses or of terms of addresses. */
function signedAddresses({ body }: FunctionBuilder): string[] {
  const addresses = new Set<string>();
  const isAddress = (code: Code) => termsOf(code).some(name => addresses.has(name));
  for (let previousSize = -1; addresses.size > previousSize; ) {
    previousSize = addresses.size;
    walk(body, code => {
      if (code.kind === 'memory') for (const name of termsOf(code.args[0])) addresses.add(name);
      if (code.kind !== 'set' || code.local.type !== 'i32') return;
      if (isAddress(code.value)) addresses.add(code.local.name);
    });
  }
  const comparisons: string[] = [];
  walk(body, code => {
    if (code.kind === 'plain' && /^i32\..*_s$/.test(code.op) && code.args.some(isAddress))
      comparisons.push(code.op);
  });
  return comparisons;
}

describe('addresses above 2 GiB', () => {
  test.each([
    ['plain', plain],
    ['relaxed', relaxed],
  ])('are not compared as signed numbers: %s SIMD', (_, target) => {
    const wanted = everyLoop(new Tape());
    const live = liveValues(wanted);
    const structure = structureOf(live, wanted, 'float32');
    const { functions } = moduleOf(planOf(live, wanted, structure), structure, target);
    expect(functions.length).toBeGreaterThan(6);
    for (const { builder } of functions) expect(signedAddresses(builder), builder.name).toEqual([]);
  });

  // This test takes 12 GiB of memory and a minute, so it runs only with POSETAPE_LARGE=1.
  test.runIf(process.env.POSETAPE_LARGE)(
    'give the same results as low addresses, up to 4 GiB',
    { timeout: 300_000 },
    () => {
      const zeros = new Float32Array(GiB - 2 ** 20);
      const expected = interpreter().run(everyLoop(new Tape()));
      for (const executor of [wasm({ relaxed: false }), wasm()]) {
        // In turn, the lengths put each row of the first operand, then the other operands, across the address
        // 2 GiB. In the end, all operands lie above it.
        const rows = Array.from({ length: 30 }, (_, row) => GiB / 2 - 700 * row);
        for (const length of [...rows, GiB / 2 - 30_000, GiB / 2 - 60_000, GiB / 2, zeros.length]) {
          const tape = new Tape();
          const padding = sum(tape.constant(zeros.subarray(0, length)));
          const memory = new Memory();
          const [total, ...results] = executor.run([padding, ...everyLoop(tape)], { memory });
          expect(total?.data[0]).toBe(0);
          expect(memory.peak).toBeGreaterThan(4 * length);
          for (const [i, result] of results.entries()) expectClose(result, expected[i] as Tensor, 1e-6);
        }
      }
    },
  );
});

describe('a tape that needs more than the memory can hold', () => {
  test('is an error that states the needed and the available memory, and what to do', () => {
    const executor = wasm();
    const memory = new Memory();
    const long = new Tape().constant(numbers(1, 40_000, 1));
    const wide = exp(broadcastTo(long, [40_000, 40_000]));
    const message =
      /^wasm: the tape needs 64001\d{5} bytes \(5\.96 GiB\) at once, but WebAssembly memory can hold at most 4294967296 bytes \(4\.00 GiB\); put less on one tape, or use jit\(\{ precision: "float32" \}\)$/;
    expect(() => executor.run([wide], { memory })).toThrow(RangeError);
    expect(() => executor.run([wide], { memory })).toThrow(message);
    expect(memory.live).toBe(0);
    // After the error, the executor still runs tapes that fit.
    expect(executor.run([sum(long)])[0]?.data[0]).toBeCloseTo(40_000, -2);
  });

  /** Arena whose memory grows to at most `pages` pages, and a list of how many pages it asked for each time. */
  function arenaOf(pages: number): { arena: Arena; requests: number[] } {
    const requests: number[] = [];
    class Faked implements LinearMemory {
      buffer = { byteLength: 4 * 65_536 } as ArrayBuffer;
      grow(by: number): number {
        requests.push(by);
        const present = this.buffer.byteLength / 65_536;
        if (present + by > pages) throw new RangeError('failed to grow memory');
        this.buffer = new ArrayBuffer((present + by) * 65_536);
        return present;
      }
    }
    const faked = function Memory() {
      const memory = new Faked();
      memory.buffer = new ArrayBuffer(4 * 65_536);
      return memory;
    };
    return { arena: new Arena({ Memory: faked } as unknown as WebAssemblyApi), requests };
  }

  test('makes the memory grow by a quarter, or by the needed pages if these are more or if a quarter is refused', () => {
    const { arena, requests } = arenaOf(14);
    for (const pages of [12, 13, 14]) arena.reserve(pages * 65_536 - 64);
    expect(requests).toEqual([8, 3, 1, 4, 1]);
    expect(arena.floats.length).toBe((14 * 65_536) / 4);
  });

  test('is an error that states the limit of the machine if that is below 4 GiB', () => {
    const { arena } = arenaOf(14);
    expect(() => arena.reserve(3 * GiB)).toThrow(
      'wasm: the tape needs 3221225472 bytes (3.00 GiB) at once, but this machine provides no more than 262144 bytes (0.00 GiB); put less on one tape, or use jit({ precision: "float32" })',
    );
  });
});
