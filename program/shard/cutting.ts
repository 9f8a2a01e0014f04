import { open } from 'node:fs/promises';
import { reasonOf } from '../command/errors.ts';
import type { Found } from '../files/find.ts';
import { type Chunk, type Cutter, EndOfPart } from '../score/compounds.ts';
import type { Shard } from '../score/options.ts';

/** File of poses with its size and its position among the bytes of all files. */
export interface SizedFile extends Found {
  /** Size of the file. */
  readonly bytes: number;
  /** Total size of the files before this one. */
  readonly start: number;
  /** True if the content is compressed by gzip, whatever the name. */
  readonly isGzip: boolean;
  /** Text that changes with the file, made of its inode, size and time of modification. */
  readonly version: string;
}

/**
 * Returns files with their sizes, in the same order.
 *
 * @throws Error, in one line that names the file and the reason, if one cannot be read
 */
export async function withSizes(files: readonly Found[]): Promise<SizedFile[]> {
  let start = 0;
  const sized: SizedFile[] = [];
  for (const file of files) {
    const { bytes, ...contents } = await inspect(file.path);
    sized.push({ ...file, bytes, start, ...contents });
    start += bytes;
  }
  return sized;
}

/**
 * Returns the size, compression and version of a file.
 *
 * @throws Error, in one line that names the file and the reason, if it cannot be read
 */
export async function inspect(path: string): Promise<Pick<SizedFile, 'bytes' | 'isGzip' | 'version'>> {
  const fail = (error: NodeJS.ErrnoException): never => {
    throw new Error(`cannot read ${path}: ${reasonOf(error)}`);
  };
  const handle = await open(path).catch(fail);
  try {
    const { size, mtimeMs, ino } = await handle.stat();
    const head = new Uint8Array(2);
    await handle.read({ buffer: head, position: 0 });
    // The first two bytes of every gzip file.
    const isGzip = head[0] === 0x1f && head[1] === 0x8b;
    return { bytes: size, isGzip, version: `${ino} ${size} ${mtimeMs}` };
  } catch (error) {
    return fail(error as NodeJS.ErrnoException);
  } finally {
    await handle.close();
  }
}

/**
 * Division of a run's files among shards of about equal size in bytes.
 *
 * A file is cut into chunks of a fixed number of records, the same for any number of shards. A chunk belongs to the shard in
 * whose share of all bytes it begins, so a shard opens only the files that overlap its share. In a file that several shards
 * share, each shard also splits off the records of earlier shards, but parses those only in mmCIF, to count their models. A file
 * compressed by gzip belongs to one shard as a whole.
 */
export class Cutting {
  readonly #files: readonly SizedFile[];
  readonly #shard: Shard;
  readonly #recordsPerChunk: number;
  readonly #bytes: number;
  readonly #from: Chunk;

  /**
   * @param recordsPerChunk number of records in a chunk; the last chunk of a file may have fewer
   * @param from first chunk to read; the sums already contain all chunks before it
   */
  constructor(
    files: readonly SizedFile[],
    shard: Shard,
    recordsPerChunk: number,
    from: Chunk = { file: 0, index: 0 },
  ) {
    this.#from = from;
    this.#files = files;
    this.#shard = shard;
    this.#recordsPerChunk = recordsPerChunk;
    this.#bytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** True if the shard may have chunks of the file at an index. */
  has(file: number): boolean {
    const { start, bytes } = this.#files[file] as SizedFile;
    const last = this.#hasOneOwner(file) ? start : start + Math.max(0, bytes - 1);
    return this.#ownerAt(start) <= this.#shard.number && this.#shard.number <= this.#ownerAt(last);
  }

  /** Returns the cutter of the file at an index; undefined if the shard has nothing left to read in the file. */
  cutter(file: number): Cutter | undefined {
    if (!this.has(file) || file < this.#from.file) return undefined;
    const { start } = this.#files[file] as SizedFile;
    const hasOneOwner = this.#hasOneOwner(file);
    let [records, characters, owner] = [0, 0, this.#ownerAt(start)];
    let chunk: Chunk = { file, index: 0 };
    const { number } = this.#shard;
    const isTaken = () => owner === number && (file > this.#from.file || chunk.index >= this.#from.index);
    return {
      takes: ({ lines }) => {
        if (records % this.#recordsPerChunk === 0) {
          chunk = { file, index: records / this.#recordsPerChunk };
          owner = this.#ownerAt(hasOneOwner ? start : start + characters);
          if (owner > number) throw new EndOfPart();
        }
        records++;
        // Characters are counted in place of bytes. All shards count in the same way, so each chunk has one owner.
        for (const { content } of lines) characters += content.length + 1;
        return isTaken();
      },
      get chunk() {
        return chunk;
      },
      get isTaken() {
        return isTaken();
      },
    };
  }

  /** True if all chunks of a file belong to one shard. */
  #hasOneOwner(file: number): boolean {
    return (this.#files[file] as SizedFile).isGzip;
  }

  /** Returns the number of the shard, from 1, in whose share a byte lies. */
  #ownerAt(byte: number): number {
    const index = this.#bytes === 0 ? 0 : Math.floor((byte / this.#bytes) * this.#shard.of);
    // Rounding must not give an index past the last shard.
    return Math.min(index, this.#shard.of - 1) + 1;
  }
}
