import { createReadStream } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import { createGunzip } from 'node:zlib';
import type { Molecule } from '../molecule/molecule.ts';
import { encodingOf, kindOf } from './encoding.ts';
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
