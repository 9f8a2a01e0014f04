import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BufferUses, type Layout, layoutOf, lifetimesOf } from '../../engine/compile/layout.ts';
import { property } from '../support/property.ts';

/** Random buffers: the length of each, the step that writes it, and the number of steps after it that read the buffer. */
const lifetimes = fc.array(
  fc.record({ length: fc.nat(9), first: fc.nat(11), lasts: fc.nat(8), isWanted: fc.boolean() }),
  { minLength: 1, maxLength: 20 },
);

type Lifetimes = readonly { length: number; first: number; lasts: number; isWanted: boolean }[];

const steps = 20;

/** Layout of steps that write and read these buffers. */
function laidOut(buffers: Lifetimes): Layout {
  const idsWhere = (predicate: (buffer: Lifetimes[number]) => boolean) =>
    buffers.flatMap((buffer, id) => (predicate(buffer) ? [id] : []));
  const uses: BufferUses = {
    steps: Array.from({ length: steps }, (_, at) => ({
      writes: idsWhere(({ first }) => first === at),
      reads: idsWhere(({ first, lasts }) => first < at && at <= first + lasts),
    })),
    wanted: idsWhere(({ isWanted }) => isWanted),
  };
  return layoutOf(
    lifetimesOf(uses),
    buffers.map(({ length }) => length),
  );
}

describe('the arena', () => {
  property(
    'holds no two overlapping buffers that live at the same time, and ends after each buffer',
    lifetimes,
    buffers => {
      const { offsets, length } = laidOut(buffers);
      const ranges = buffers.map((buffer, id) => ({
        from: offsets[id] as number,
        to: (offsets[id] as number) + buffer.length,
        born: buffer.first,
        dies: buffer.isWanted ? steps : buffer.first + buffer.lasts,
      }));
      for (const [i, a] of ranges.entries()) {
        expect(a.to).toBeLessThanOrEqual(length);
        for (const b of ranges.slice(i + 1)) {
          const liveTogether = a.born <= b.dies && b.born <= a.dies;
          const overlap = Math.max(a.from, b.from) < Math.min(a.to, b.to);
          expect(liveTogether && overlap).toBe(false);
        }
      }
    },
  );

  property(
    'is at most as long as all buffers together, and at least as long as those alive at any step',
    lifetimes,
    buffers => {
      const { length } = laidOut(buffers);
      const total = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
      const alive = Array.from({ length: steps }, (_, at) =>
        buffers
          .filter(({ first, lasts, isWanted }) => first <= at && (isWanted || at <= first + lasts))
          .reduce((sum, buffer) => sum + buffer.length, 0),
      );
      expect(length).toBeLessThanOrEqual(total);
      expect(length).toBeGreaterThanOrEqual(Math.max(...alive));
    },
  );

  test('reuses freed buffers: a chain of equal buffers needs two', () => {
    const chain = Array.from({ length: 12 }, (_, first) => ({ length: 7, first, lasts: 1, isWanted: false }));
    expect(laidOut(chain).length).toBe(14);
  });
});
