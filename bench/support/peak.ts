import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Collects what is garbage and sets the process's peak of memory back to what it holds now, so that what was needed to
 * load data hides nothing.
 *
 * @returns what the process has taken since then at most, in bytes, whenever it is asked; null where the system cannot set
 * a peak back, as only Linux can: a peak from before would hide what came later
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
 * The most bytes that this process has had resident: VmHWM of proc(5), which clear_refs sets back. getrusage(2) knows a
 * peak, too, but no process's own: it begins with what the process that started this one held.
 */
function peakBytes(): number {
  const [, kibibytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return 1024 * Number(kibibytes);
}
