import type { Molecule } from '../../program/molecule/molecule.ts';
import { encodingOf, kindOf } from '../../program/read/encoding.ts';
import { MoleculeReader, several } from '../../program/read/molecules.ts';

/**
 * Molecules of a file that the reader opened, one after the other, by the program's readers: memory is held for one.
 *
 * @throws Error naming file, line, what was expected there and what was found; or why the file cannot be read
 */
export async function* readMolecules(file: File): AsyncGenerator<Molecule> {
  const reader = new MoleculeReader(file.name);
  for await (const chunk of textOf(file)) yield* reader.push(chunk);
  yield* reader.end();
}

/**
 * The one molecule of a file, such as a receptor.
 *
 * @throws Error as {@link readMolecules} does, and if there are several
 */
export async function readMolecule(file: File): Promise<Molecule> {
  let only: Molecule | undefined;
  for await (const molecule of readMolecules(file)) {
    if (only) throw several(molecule);
    only = molecule;
  }
  // A file without any is an error already.
  return only as Molecule;
}

/**
 * Text of a file, chunk by chunk; files may be compressed by gzip.
 *
 * @throws Error naming the file and why it cannot be read
 */
export async function* textOf(file: File): AsyncGenerator<string> {
  try {
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

/** Chunks of a stream: not every browser lets `for await` take them by itself. */
async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    // A reader that stops early leaves the rest unread.
    await reader.cancel();
  }
}
