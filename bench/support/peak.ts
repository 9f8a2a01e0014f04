import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Collects garbage and resets the process's peak memory to its current memory, so that an earlier peak, such as that of
 * loading data, hides nothing.
 *
 * @returns a function that returns the most bytes taken since then; or null except on Linux, since other systems cannot
 * reset the peak
 */
export function restartPeak(): () => number | null {
  globalThis.gc?.();
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    return () => null;
  }
  const baseline = peakBytes();
  return () => peakBytes() - baseline;
}

/**
 * The peak resident memory of this process in bytes: VmHWM of proc(5), which clear_refs resets. The peak of
 * getrusage(2) is unusable, since it begins with the memory of the parent process.
 */
function peakBytes(): number {
  const [, kibibytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return 1024 * Number(kibibytes);
}
