import { Checksum } from './checksum.ts';
import type { Params } from './params.ts';

/**
 * A check that throws if the parameters have changed since this call. Some executors read them at each pose, others once, so
 * after a change their answers would differ. Creating and calling it cost one pass over θ each.
 */
export function unchanged(params: Params, owner: string = 'combinePoses'): () => void {
  const before = Object.entries(params).map(([name, { data }]) => ({ name, data, sum: sumOf(data) }));
  return () => {
    for (const { name, data, sum } of before) {
      if (sumOf(data) !== sum) {
        throw new Error(
          `${owner}: parameter ${name} changed during the call; change it before or after, or give the call a copy`,
        );
      }
    }
  };
}

function sumOf(data: ArrayBufferView): string {
  const checksum = new Checksum();
  checksum.addBits(data);
  return checksum.toString();
}
