import { serialize } from 'node:v8';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { withoutUnusedBytes } from '../../parallel/buffers.ts';
import { property } from '../support/property.ts';

const file = new Float32Array(1 << 18).map((_, i) => i);
/** Size of a message in bytes. A buffer with several views counts once. */
const sizeOf = (poses: unknown) => serialize(structuredClone(poses)).byteLength;

describe('views of a larger buffer', () => {
  test('are sent without the rest of the buffer', () => {
    const poses = [{ at: file.subarray(10, 20), inner: [{ to: file.subarray(20, 30) }] }];
    const sent = withoutUnusedBytes(poses);
    expect(sent).toEqual(poses);
    expect(sent[0]?.at.buffer.byteLength).toBe(40);
    expect(poses[0]?.at.buffer).toBe(file.buffer);
  });

  test('are not copied if they use at least half of the buffer', () => {
    const poses = [{ first: file.subarray(0, 1 << 16), second: file.subarray(1 << 16, 1 << 17) }];
    expect(withoutUnusedBytes(poses)).toBe(poses);
  });

  test('that a pose references twice arrive as one array', () => {
    const at = file.subarray(0, 4);
    const [pose] = structuredClone(withoutUnusedBytes([{ at, again: at }]));
    expect(pose?.at).toBe(pose?.again);
  });

  test('that a pose references several times count only once in the share of the buffer that they use', () => {
    const at = file.subarray(0, 1 << 16);
    const [pose] = withoutUnusedBytes([{ at, again: at, more: [at] }]);
    expect(pose?.at.buffer.byteLength).toBe(at.byteLength);
  });

  test('of shared memory are not copied', () => {
    const poses = [new Int32Array(new SharedArrayBuffer(4000)).subarray(0, 2)];
    expect(withoutUnusedBytes(poses)).toBe(poses);
  });

  test('do not change how other data arrive: Buffer of Node, DataView, holes, cycles, maps', () => {
    const cycle: { self?: unknown; buffer: Buffer } = { buffer: Buffer.from(file.buffer, 8, 8) };
    cycle.self = cycle;
    const sparse: unknown[] = Array(5);
    sparse[2] = new DataView(file.buffer, 4, 4);
    const poses = [cycle, sparse, new Map([[1, file.subarray(0, 1)]]), null, undefined, 3];
    const withoutMap = [cycle, sparse, null, undefined, 3];
    const copied = withoutUnusedBytes(withoutMap);
    expect(structuredClone(copied)).toEqual(structuredClone(withoutMap));
    // A map is passed on unchanged.
    expect(withoutUnusedBytes(poses)[2]).toBe(poses[2]);
  });

  const types = [Uint8Array, Int16Array, Float32Array, Float64Array, BigInt64Array];
  const view = fc
    .tuple(fc.constantFrom(...types), fc.nat(1000), fc.nat(100), fc.boolean())
    .map(([Type, from, length, isLarge]) => {
      const size = Type.BYTES_PER_ELEMENT;
      const buffer = isLarge ? file.buffer : new ArrayBuffer((from + length) * size);
      return new Type(buffer, from * size, length);
    });
  const name = fc.string().filter(each => each !== '__proto__');
  const { pose } = fc.letrec<{ pose: unknown }>(tie => ({
    pose: fc.oneof(
      { maxDepth: 4 },
      view,
      fc.double(),
      fc.string(),
      fc.constant(null),
      fc.array(tie('pose'), { maxLength: 5 }),
      fc.dictionary(name, tie('pose'), { maxKeys: 4 }),
    ),
  }));

  property(
    'in random poses arrive unchanged, without the large buffer',
    fc.array(pose, { maxLength: 6 }),
    poses => {
      const sent = withoutUnusedBytes(poses);
      expect(structuredClone(sent)).toEqual(structuredClone(poses));
      expect(sizeOf(sent)).toBeLessThan(file.byteLength);
    },
  );
});
