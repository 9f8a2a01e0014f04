import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';

const actions = new Set<() => void>();

/**
 * Does something when this process ends: by itself, after an error, or by a signal such as that of Ctrl+C. What was asked
 * for last is done first.
 *
 * @returns takes it back
 */
export function atEnd(action: () => void): () => void {
  if (actions.size === 0) listen();
  actions.add(action);
  return () => void actions.delete(action);
}

let isListening = false;

/** Without a listener a signal ends the process on the spot, and nothing is done at its end. */
function listen(): void {
  if (isListening) return;
  isListening = true;
  process.on('exit', () => {
    for (const action of [...actions].reverse()) action();
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => process.exit(128 + constants.signals[signal]));
  }
}

/** A new folder among the system's temporary files, gone when this process ends. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'posetape-bench-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
