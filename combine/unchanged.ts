import { Checksum } from './checksum.ts';
import type { Params } from './params.ts';

/**
 * Returns a check that throws if the parameters have changed since this call. After a change the result would depend on the
 * executor, since some executors read the parameters for each pose, others only once. This call and each check read all
 * parameters once.
 */
export function unchanged(params: Params, owner: string = 'combinePoses'): () => void {
  const atStart = Object.entries(params).map(([name, { data }]) => ({
    name,
    data,
    checksum: checksumOf(data),
  }));
  return () => {
    for (const { name, data, checksum } of atStart) {
      if (checksumOf(data) !== checksum) {
        throw new Error(
          `${owner}: parameter ${name} changed during the call; change it before or after, or pass a copy`,
        );
      }
    }
  };
}

function checksumOf(data: ArrayBufferView): string {
  const checksum = new Checksum();
  checksum.addBits(data);
  return checksum.toString();
}
