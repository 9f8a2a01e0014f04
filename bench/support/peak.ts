import { writeFileSync } from 'node:fs';

/**
 * Collects what is garbage and sets the process's peak of memory back to what it holds now, so that what was needed to
 * load data hides nothing. Where the system cannot forget a peak, the old one stays.
 *
 * @returns the bytes to measure {@link peakBytes} from
 */
export function restartPeak(): number {
  globalThis.gc?.();
  try {
    writeFileSync('/proc/self/clear_refs', '5'); // Linux; see its manual page proc(5)
  } catch {}
  return peakBytes();
}

/** The most bytes of memory that this process has had resident. */
export function peakBytes(): number {
  return 1024 * process.resourceUsage().maxRSS;
}
