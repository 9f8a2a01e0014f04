import { createHash } from 'node:crypto';

/** JSON in a line, with a checksum of all of it. */
export function sealed(content: object): string {
  return `${JSON.stringify({ ...content, checksum: checksumOf(content) })}\n`;
}

/** True for an object read from JSON that is as {@link sealed} wrote it. Spaces and line ends don't matter. */
export function isIntact({ checksum, ...content }: { readonly checksum?: unknown }): boolean {
  return checksum === checksumOf(content);
}

function checksumOf(content: object): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}
