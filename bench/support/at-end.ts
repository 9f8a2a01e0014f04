import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';

const actions = new Set<() => void>();

/**
 * Registers an action to run when this process ends normally, after an error, or by a signal such as Ctrl+C. The last registered
 * action runs first.
 *
 * @returns a function that cancels the action
 */
export function atEnd(action: () => void): () => void {
  if (actions.size === 0) listen();
  actions.add(action);
  return () => void actions.delete(action);
}

let isListening = false;

/** Listens for signals and the end of the process. Without a listener, a signal would end the process without the actions. */
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

/** Creates a temporary folder that is deleted when this process ends. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'posetape-bench-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
