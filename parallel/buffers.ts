/** True of a buffer that was moved to a worker before: it has neither bytes nor a view. */
export function isDetached(buffer: ArrayBuffer): boolean {
  if (buffer.byteLength > 0) return false;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

/** The array buffers in poses, at any depth of arrays and plain objects, each once. */
export function buffersOf(poses: unknown): ArrayBuffer[] {
  const seen = new Set<unknown>();
  const buffers = new Set<ArrayBuffer>();
  const visit = (thing: unknown): void => {
    if (typeof thing !== 'object' || thing === null || seen.has(thing)) return;
    if (thing instanceof ArrayBuffer) buffers.add(thing);
    else if (ArrayBuffer.isView(thing)) visit(thing.buffer);
    else {
      seen.add(thing);
      for (const part of Object.values(thing)) visit(part);
    }
  };
  visit(poses);
  return [...buffers];
}
