import type { Molecule } from '../../program/molecule/molecule.ts';
import { encodingOf, kindOf } from '../../program/read/encoding.ts';
import { MoleculeReader, severalError } from '../../program/read/molecules.ts';

/**
 * Yields the molecules of a file, read by the program's readers. Only one molecule is in memory at a time.
 *
 * @throws Error naming the file and line, what was expected and what was found; or saying why the file cannot be read
 */
export async function* readMolecules(file: File): AsyncGenerator<Molecule> {
  const reader = new MoleculeReader(file.name);
  for await (const chunk of textOf(file)) yield* reader.push(chunk);
  yield* reader.end();
}

/**
 * Returns the only molecule of a file, such as a receptor.
 *
 * @throws Error as {@link readMolecules} does, and if the file has several molecules
 */
export async function readMolecule(file: File): Promise<Molecule> {
  let only: Molecule | undefined;
  for await (const molecule of readMolecules(file)) {
    if (only) throw severalError(molecule);
    only = molecule;
  }
  // The reader rejects a file without molecules.
  return only as Molecule;
}

/**
 * Yields the text of a file in chunks. The file may be gzipped.
 *
 * @throws Error naming the file and saying why it cannot be read
 */
export async function* textOf(file: File): AsyncGenerator<string> {
  try {
    // The first four bytes tell the type of the file.
    const head = new Uint8Array(await file.slice(0, 4).arrayBuffer());
    const bytes =
      kindOf(head) === 'gzip' ? file.stream().pipeThrough(new DecompressionStream('gzip')) : file.stream();
    let decoder: TextDecoder | undefined;
    for await (const chunk of chunksOf(bytes)) {
      decoder ??= new TextDecoder(encodingOf(chunk));
      yield decoder.decode(chunk, { stream: true });
    }
    if (decoder) yield decoder.decode();
  } catch (cause) {
    throw new Error(`cannot read ${file.name}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** Yields the chunks of a stream. Not every browser supports `for await` on a stream. */
async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    // Cancels the rest of the stream if the caller stops early.
    await reader.cancel();
  }
}
