import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Checkpoint } from 'posetape/fit';
import { writeAtomically } from '../files/atomic.ts';
import { unreadableError } from '../read/text.ts';

/** Settings that define a fit, by the names of their options. A checkpoint resumes only a fit with equal settings. */
export type DefiningSettings = Readonly<Record<string, unknown>>;

/** Content of a checkpoint file. */
interface Saved {
  readonly facts: DefiningSettings;
  readonly state: Checkpoint;
}

const kind = 'posetape fit checkpoint';

/** Writes a checkpoint with a checksum. An existing file is replaced only when the new one is completely on disk. */
export function writeCheckpoint(file: string, settings: DefiningSettings, state: Checkpoint): Promise<void> {
  const content = JSON.stringify({ facts: settings, state } satisfies Saved);
  return writeAtomically(
    file,
    `${JSON.stringify({ kind, version: 1, sha256: hashOf(content) })}\n${content}\n`,
  );
}

/**
 * Reads a checkpoint. Returns undefined if the file does not exist.
 *
 * @throws Error naming the file if it is damaged, or if it is the checkpoint of a fit with other settings
 */
export async function readCheckpoint(
  file: string,
  settings: DefiningSettings,
): Promise<Checkpoint | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw unreadableError(file, error);
  });
  if (text === undefined) return undefined;
  const [head = '', content = ''] = text.split('\n');
  const { kind: headKind, version, sha256 } = headOf(head);
  if (headKind !== kind || version !== 1) {
    throw new Error(`${file}: expected a checkpoint that fit wrote, found something else`);
  }
  if (sha256 !== hashOf(content))
    throw new Error(`${file}: the checkpoint is damaged: its checksum does not match`);
  const saved = JSON.parse(content) as Saved;
  for (const name of new Set([...Object.keys(settings), ...Object.keys(saved.facts)])) {
    const [then, now] = [saved.facts[name], settings[name]].map(value => JSON.stringify(value));
    if (then === now) continue;
    // Long values, such as lists, are not shown.
    const values = `${then}`.length + `${now}`.length < 100 ? `: ${then}, not ${now}` : '';
    throw new Error(`${file}: the checkpoint is of a fit with a different setting, ${name}${values}`);
  }
  return saved.state;
}

/** Returns the SHA-256 of a text or of bytes, in hexadecimal digits. */
export function hashOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Parses the first line of a file; returns an empty object if that line is not JSON. */
function headOf(line: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(line));
  } catch {
    return {};
  }
}
