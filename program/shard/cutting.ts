import { open } from 'node:fs/promises';
import { reasonOf } from '../command/errors.ts';
import type { Found } from '../files/find.ts';
import { type Chunk, type Cutter, EndOfPart } from '../score/compounds.ts';
import type { Shard } from '../score/options.ts';

/** A file with its length, and the length of all before it. */
export interface Sized extends Found {
  readonly bytes: number;
  readonly start: number;
  /** Compressed by gzip, whatever its name. */
  readonly isGzip: boolean;
  /** Another text once the file has changed. */
  readonly version: string;
}

/** Files with their sizes in bytes. */
export async function sized(files: readonly Found[]): Promise<Sized[]> {
  let start = 0;
  const all: Sized[] = [];
  for (const file of files) {
    const { bytes, ...facts } = await factsOf(file.path);
    all.push({ ...file, bytes, start, ...facts });
    start += bytes;
  }
  return all;
}

/** @throws Error, in one line that names the file and the reason, if it cannot be read */
export async function factsOf(path: string): Promise<Pick<Sized, 'bytes' | 'isGzip' | 'version'>> {
  const cannot = (error: NodeJS.ErrnoException): never => {
    throw new Error(`cannot read ${path}: ${reasonOf(error)}`);
  };
  const handle = await open(path).catch(cannot);
  try {
    const { size, mtimeMs, ino } = await handle.stat();
    const head = new Uint8Array(2);
    await handle.read(head, 0, 2, 0);
    const isGzip = head[0] === 0x1f && head[1] === 0x8b;
    return { bytes: size, isGzip, version: `${ino} ${size} ${mtimeMs}` };
  } catch (error) {
    return cannot(error as NodeJS.ErrnoException);
  } finally {
    await handle.close();
  }
}

/**
 * Division of a run's files among shards, each of which gets about the same number of bytes.
 *
 * A chunk is a fixed number of records of one file, whatever the number of shards, and belongs to the shard in whose
 * share of all bytes it begins. So a shard opens only the files of its share. Of a file that several share, it cuts the
 * records before its own without reading them. A file compressed by gzip belongs to one shard as a whole.
 */
export class Cutting {
  readonly #files: readonly Sized[];
  readonly #shard: Shard;
  readonly #chunk: number;
  readonly #bytes: number;

  readonly #from: Chunk;

  /**
   * @param chunk the most records of one
   * @param from first chunk to read; those before it are done
   */
  constructor(files: readonly Sized[], shard: Shard, chunk: number, from: Chunk = { file: 0, index: 0 }) {
    this.#from = from;
    this.#files = files;
    this.#shard = shard;
    this.#chunk = chunk;
    this.#bytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** True if the shard may have chunks of a file. */
  has(file: number): boolean {
    const { start, bytes } = this.#files[file] as Sized;
    const last = this.#isWhole(file) ? start : start + Math.max(0, bytes - 1);
    return this.#ownerAt(start) <= this.#shard.number && this.#shard.number <= this.#ownerAt(last);
  }

  /** Cutter of a file; undefined if the shard has none of its chunks, or all are done. */
  cutter(file: number): Cutter | undefined {
    if (!this.has(file) || file < this.#from.file) return undefined;
    const { start } = this.#files[file] as Sized;
    const isWhole = this.#isWhole(file);
    let [records, characters, owner] = [0, 0, this.#ownerAt(start)];
    let chunk: Chunk = { file, index: 0 };
    const { number } = this.#shard;
    const isTaken = () => owner === number && (file > this.#from.file || chunk.index >= this.#from.index);
    return {
      takes: ({ lines }) => {
        if (records % this.#chunk === 0) {
          chunk = { file, index: records / this.#chunk };
          owner = this.#ownerAt(isWhole ? start : start + characters);
          if (owner > number) throw new EndOfPart();
        }
        records++;
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

  #isWhole(file: number): boolean {
    return (this.#files[file] as Sized).isGzip;
  }

  /** Number of the shard in whose share a byte lies. */
  #ownerAt(byte: number): number {
    const share = this.#bytes === 0 ? 0 : Math.floor((byte / this.#bytes) * this.#shard.of);
    return Math.min(share, this.#shard.of - 1) + 1;
  }
}
