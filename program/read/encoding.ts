const archives: readonly (readonly [name: string, ...bytes: number[]])[] = [
  ['zip', 0x50, 0x4b, 0x03, 0x04],
  ['bzip2', 0x42, 0x5a, 0x68],
  ['xz', 0xfd, 0x37, 0x7a, 0x58],
  ['zstd', 0x28, 0xb5, 0x2f, 0xfd],
];

/**
 * Compression of a file that begins with these bytes.
 *
 * @throws Error for archives that are not read
 */
export function kindOf(head: Uint8Array): 'gzip' | 'plain' {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  const archive = archives.find(([, ...bytes]) => bytes.every((byte, i) => head[i] === byte));
  if (archive) throw new Error(`expected text, or text compressed by gzip, found ${archive[0]}`);
  return 'plain';
}

/** Encoding of a text that begins with these bytes: UTF-16 where its byte order mark stands, as Windows writes it. */
export function encodingOf(head: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  return head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : 'utf-8';
}
