import fc from 'fast-check';
import { expect } from 'vitest';
import { type LayoutKey, Layouts } from '../../engine/compile/layouts.ts';
import { property } from '../support/property.ts';

const lengths = fc.array(fc.nat(3), { minLength: 2, maxLength: 2 });

property(
  'a cached layout has the requested sizes and starts, for any number of slots',
  fc.array(fc.record({ sizes: lengths, starts: lengths }), { minLength: 20, maxLength: 60 }),
  // The more numbers a layout has, the fewer slots the cache has, so that many layouts share a slot.
  fc.constantFrom(1e9, 2 ** 14, 1),
  async (poses, numbers) => {
    const layouts = new Layouts<LayoutKey>(numbers);
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
