import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Collects garbage and resets the peak memory of this process to its current memory, so that an earlier peak, such as that of
 * loading data, does not hide later ones.
 *
 * @returns function that returns the peak memory since this reset minus the memory at the reset, in bytes; null on systems
 * other than Linux, which cannot reset the peak
 */
export function restartPeak(): () => number | null {
  globalThis.gc?.();
  try {
    // Writing 5 resets the peak memory, VmHWM (see the manual page proc(5)).
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    return () => null;
  }
  const baseline = peakBytes();
  return () => peakBytes() - baseline;
}

/**
 * Returns the peak resident memory of this process in bytes: VmHWM in /proc/self/status, which `clear_refs` resets. The peak
 * that getrusage(2) reports is unusable, because it starts from the memory of the parent process.
 */
function peakBytes(): number {
  const [, kibibytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return 1024 * Number(kibibytes);
}
