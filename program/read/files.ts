import { createReadStream } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import { createGunzip } from 'node:zlib';
import type { Molecule } from '../molecule/molecule.ts';
import { MoleculeReader, type ReadOptions, several } from './molecules.ts';
import { unreadable } from './text.ts';

/**
 * Molecules of a file in its order, one after the other: memory is held for one of them. Files may be compressed by gzip.
 *
 * @throws Error naming file, line, what was expected there and what was found; or why the file cannot be read
 */
export async function* readMolecules(file: string, options?: ReadOptions): AsyncGenerator<Molecule> {
  const reader = new MoleculeReader(file, options);
  for await (const chunk of chunksOf(file)) yield* reader.push(chunk);
  yield* reader.end();
}

/**
 * The one molecule of a file, such as a receptor.
 *
 * @throws Error as {@link readMolecules} does, and if there are several
 */
export async function readMolecule(file: string): Promise<Molecule> {
  let only: Molecule | undefined;
  for await (const molecule of readMolecules(file)) {
    if (only) throw several(molecule);
    only = molecule;
  }
  // A file without any is an error already.
  return only as Molecule;
}

/** Text of a file, chunk by chunk. */
async function* chunksOf(file: string): AsyncGenerator<string> {
  try {
    const bytes = createReadStream(file, { highWaterMark: 1 << 16 })[Symbol.asyncIterator]();
    const first: Buffer | undefined = (await bytes.next()).value;
    if (!first) return;
    const kind = kindOf(first);
    const all = afterwards(first, bytes);
    // An error ends the reading of gunzip's output, too.
    const plain = kind === 'gzip' ? pipeline(Readable.from(all), createGunzip(), () => {}) : all;
    let decoder: TextDecoder | undefined;
    for await (const chunk of plain) {
      decoder ??= new TextDecoder(encodingOf(chunk));
      yield decoder.decode(chunk, { stream: true });
    }
    if (decoder) yield decoder.decode();
  } catch (error) {
    throw unreadable(file, error as NodeJS.ErrnoException);
  }
}

async function* afterwards(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}

const archives: readonly (readonly [name: string, ...bytes: number[]])[] = [
  ['zip', 0x50, 0x4b, 0x03, 0x04],
  ['bzip2', 0x42, 0x5a, 0x68],
  ['xz', 0xfd, 0x37, 0x7a, 0x58],
  ['zstd', 0x28, 0xb5, 0x2f, 0xfd],
];

/** @throws Error for archives that are not read */
function kindOf(head: Uint8Array): 'gzip' | 'plain' {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  const archive = archives.find(([, ...bytes]) => bytes.every((byte, i) => head[i] === byte));
  if (archive) throw new Error(`expected text, or text compressed by gzip, found ${archive[0]}`);
  return 'plain';
}

/** UTF-16 where its byte order mark stands, as Windows writes it. */
function encodingOf(head: Uint8Array): string {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  return head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : 'utf-8';
}
