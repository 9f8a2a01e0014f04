import { createHash } from 'node:crypto';

/** Returns an object as one line of JSON with an added property `checksum`, the SHA-256 of the JSON without that property. */
export function sealed(content: object): string {
  return `${JSON.stringify({ ...content, checksum: checksumOf(content) })}\n`;
}

/** True if an object parsed from JSON is unchanged since {@link sealed} wrote it. Spaces and line ends don't matter. */
export function isIntact({ checksum, ...content }: { readonly checksum?: unknown }): boolean {
  return checksum === checksumOf(content);
}

function checksumOf(content: object): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}
