import { createReadStream } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import { createGunzip } from 'node:zlib';
import type { Molecule } from '../molecule/molecule.ts';
import { encodingOf, kindOf } from './encoding.ts';
import { MoleculeReader, type NumberedMolecule, type ReadOptions, severalError } from './molecules.ts';
import { unreadableError } from './text.ts';

/**
 * Yields the molecules of a file, one in memory at a time. The file may be compressed by gzip.
 *
 * @throws Error naming file and line, what was expected there and what was found; or naming the file and why it cannot be read
 */
export async function* readMolecules(file: string, options?: ReadOptions): AsyncGenerator<NumberedMolecule> {
  const reader = new MoleculeReader(file, options);
  for await (const chunk of chunksOf(file)) yield* reader.push(chunk);
  yield* reader.end();
}

/**
 * Reads the only molecule of a file, such as a receptor.
 *
 * @throws Error naming file and line, if the file has several molecules; also the errors of {@link readMolecules}
 */
export async function readMolecule(file: string): Promise<Molecule> {
  let only: Molecule | undefined;
  for await (const molecule of readMolecules(file)) {
    if (only) throw severalError(molecule);
    only = molecule;
  }
  // readMolecules rejects a file without molecules.
  return only as Molecule;
}

/** Maximum number of bytes that are read at once. */
const chunkBytes = 65_536;

/** Yields the text of a file in chunks. */
async function* chunksOf(file: string): AsyncGenerator<string> {
  try {
    const bytes = createReadStream(file, { highWaterMark: chunkBytes })[Symbol.asyncIterator]();
    const first: Buffer | undefined = (await bytes.next()).value;
    if (!first) return;
    const kind = kindOf(first);
    const all = concatenated(first, bytes);
    // pipeline passes errors on to the reader of gunzip's output, so the callback has nothing to do.
    const plain = kind === 'gzip' ? pipeline(Readable.from(all), createGunzip(), () => {}) : all;
    let decoder: TextDecoder | undefined;
    for await (const chunk of plain) {
      decoder ??= new TextDecoder(encodingOf(chunk));
      yield decoder.decode(chunk, { stream: true });
    }
    if (decoder) yield decoder.decode();
  } catch (error) {
    throw unreadableError(file, error as NodeJS.ErrnoException);
  }
}

async function* concatenated(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}
