import fc from 'fast-check';
import { expect } from 'vitest';
import { type LayoutKey, Layouts } from '../../engine/compile/layouts.ts';
import { property } from '../support/property.ts';

const numbers = fc.array(fc.nat(3), { minLength: 2, maxLength: 2 });

property(
  'a cached layout has the requested sizes and starts, for any size of the cache',
  fc.array(fc.record({ sizes: numbers, starts: numbers }), { minLength: 20, maxLength: 60 }),
  // For a larger size of a layout, fewer layouts are cached, so that many layouts share a slot.
  fc.constantFrom(1e9, 2 ** 14, 1),
  async (poses, size) => {
    const layouts = new Layouts<LayoutKey>(size);
    for (const { sizes, starts } of poses) {
      const structure = { key: '', precision: 'float64', sizes, starts } as const;
      expect(layouts.get(structure, () => ({ sizes, starts }))).toEqual({ sizes, starts });
      const again = layouts.get(structure, () => {
        throw new Error('computed twice in a row');
      });
      expect(again).toEqual({ sizes, starts });
    }
  },
);
