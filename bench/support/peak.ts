import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Collects garbage and resets the peak memory of this process to its current memory, so that an earlier peak, such as that of
 * loading data, does not hide later ones.
 *
 * @returns function that returns the peak since then, relative to the memory at that time, in bytes. It returns null except on
 * Linux, as other systems cannot reset the peak.
 */
export function restartPeak(): () => number | null {
  globalThis.gc?.();
  try {
    // 5 resets VmHWM, the peak (proc(5)).
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    return () => null;
  }
  const baseline = peakBytes();
  return () => peakBytes() - baseline;
}

/**
 * Returns the peak resident memory of this process in bytes: VmHWM of proc(5), which clear_refs resets. The peak of
 * getrusage(2) is unusable, as it begins with the memory of the parent process.
 */
function peakBytes(): number {
  const [, kibibytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return 1024 * Number(kibibytes);
}
