/** Names of the compressions that are not read, with the first bytes of such files. */
const archives: readonly (readonly [name: string, ...bytes: number[]])[] = [
  ['zip', 0x50, 0x4b, 0x03, 0x04],
  ['bzip2', 0x42, 0x5a, 0x68],
  ['xz', 0xfd, 0x37, 0x7a, 0x58],
  ['zstd', 0x28, 0xb5, 0x2f, 0xfd],
];

/**
 * Returns the compression of a file from its first bytes.
 *
 * @throws Error for a compression that is not read
 */
export function kindOf(head: Uint8Array): 'gzip' | 'plain' {
  // The first two bytes of every gzip file.
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  const archive = archives.find(([, ...bytes]) => bytes.every((byte, i) => head[i] === byte));
  if (archive) throw new Error(`expected text, or text compressed by gzip, found ${archive[0]}`);
  return 'plain';
}

/** Returns the encoding of a text from its first bytes: UTF-16 if they are its byte order mark, else UTF-8. */
export function encodingOf(head: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  return head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : 'utf-8';
}
