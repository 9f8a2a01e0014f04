import { readdirSync, readFileSync } from 'node:fs';
import type { Answer, Program } from './program.ts';

/** Program with the answers of PyTorch: the wanted values, then the gradients. */
export interface Entry extends Program {
  readonly answers: readonly Answer[];
}

export const folder = 'test/oracle/table';

/** Reads all programs of the table, in order. */
export function readTable(): Entry[] {
  const files = readdirSync(folder).filter(file => file.endsWith('.jsonl'));
  return files.sort().flatMap(file => {
    const lines = readFileSync(`${folder}/${file}`, 'utf8').trimEnd().split('\n');
    return lines.map(line => JSON.parse(line) as Entry);
  });
}
