/** True if the buffer was transferred to a worker before, and so is empty. */
export function isDetached(buffer: ArrayBuffer): boolean {
  if (buffer.byteLength > 0) return false;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

/** Returns the array buffers in poses, at any depth of arrays and objects, without duplicates. */
export function buffersOf(poses: unknown): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  visit(poses, part => {
    if (part instanceof ArrayBuffer) buffers.add(part);
    else if (part.buffer instanceof ArrayBuffer) buffers.add(part.buffer);
  });
  return [...buffers];
}

/**
 * Returns the poses without the unused parts of their buffers. A view is sent with its whole buffer, so an array cut from a
 * large file would send the whole file. If the views in `poses` use less than half of a buffer, each view is copied, and
 * overlapping views no longer share memory.
 */
export function withoutUnusedBytes<Poses extends readonly unknown[]>(poses: Poses): Poses {
  const used = new Map<ArrayBufferLike, number>();
  const seen = new Set<ArrayBufferView>();
  visit(poses, part => {
    if (part instanceof ArrayBuffer) used.set(part, part.byteLength);
    else if (part.buffer instanceof ArrayBuffer && !seen.has(part)) {
      seen.add(part);
      used.set(part.buffer, (used.get(part.buffer) ?? 0) + part.byteLength);
    }
  });
  const isWasteful = (buffer: ArrayBufferLike) => 2 * (used.get(buffer) ?? Infinity) < buffer.byteLength;
  if (![...used.keys()].some(isWasteful)) return poses;
  const copies = new Map<object, object>();
  const copied = (thing: unknown): unknown => {
    if (typeof thing !== 'object' || thing === null) return thing;
    const earlier = copies.get(thing);
    if (earlier) return earlier;
    if (ArrayBuffer.isView(thing)) {
      if (!isWasteful(thing.buffer)) return thing;
      const copy = compactCopy(thing);
      copies.set(thing, copy);
      return copy;
    }
    if (!isContainer(thing)) return thing;
    const copy = (Array.isArray(thing) ? Array(thing.length) : {}) as Record<string, unknown>;
    copies.set(thing, copy);
    for (const [name, part] of Object.entries(thing)) copy[name] = copied(part);
    return copy;
  };
  return copied(poses) as Poses;
}

/** Calls `onPart` for each buffer and view in arrays and objects, at any depth. */
function visit(
  thing: unknown,
  onPart: (part: ArrayBuffer | ArrayBufferView) => void,
  seen = new Set<unknown>(),
): void {
  if (typeof thing !== 'object' || thing === null) return;
  if (thing instanceof ArrayBuffer || ArrayBuffer.isView(thing)) onPart(thing);
  else if (!seen.has(thing)) {
    seen.add(thing);
    if (Array.isArray(thing)) for (const part of thing) visit(part, onPart, seen);
    else for (const part of Object.values(thing)) visit(part, onPart, seen);
  }
}

/**
 * Copies a view to a buffer of its own. The copy has the type in which the worker receives it: Uint8Array for Node's Buffer.
 */
function compactCopy(view: ArrayBufferView): ArrayBufferView {
  const { buffer, byteOffset, byteLength } = view;
  const type = (view as { readonly [Symbol.toStringTag]?: string })[Symbol.toStringTag] ?? 'DataView';
  const View = (globalThis as unknown as Record<string, new (buffer: ArrayBufferLike) => ArrayBufferView>)[
    type
  ];
  return View ? new View(buffer.slice(byteOffset, byteOffset + byteLength)) : view;
}

/** True for an array or a plain object. */
function isContainer(thing: object): boolean {
  if (Array.isArray(thing)) return true;
  // In any realm, the prototype of a plain object has no prototype itself.
  const prototype = Object.getPrototypeOf(thing);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
