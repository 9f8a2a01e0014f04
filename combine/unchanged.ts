import { Checksum } from './checksum.ts';
import type { Params } from './params.ts';

/**
 * Notes the parameters as they are now; what it returns throws once they are not so any more. Some executors read them
 * at each pose, others once, so that a change would give each an answer of its own. It costs one pass over θ each time.
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
