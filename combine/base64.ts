/** Base64 text of bytes. */
export type Base64 = string;

/** Number of bytes passed to one call of `String.fromCharCode`, each as one argument. All engines allow this many. */
const bytesPerCall = 8192;

/** Encodes the bytes of float64 numbers in base64. They are little-endian, as on all platforms that run JavaScript. */
export function float64ToBase64(numbers: Float64Array): Base64 {
  const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  let binary = '';
  // A spread would pass the bytes through an iterator, which is ten times slower.
  for (let i = 0; i < bytes.length; i += bytesPerCall)
    binary += String.fromCharCode.apply(null, bytes.subarray(i, i + bytesPerCall) as unknown as number[]);
  return btoa(binary);
}

/** Decodes a text of {@link float64ToBase64}. Returns undefined for any text that it cannot have written. */
export function float64FromBase64(text: Base64): Float64Array | undefined {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    return undefined;
  }
  // `atob` also accepts texts with spaces, or with nonzero bits after the last byte. Encoding the bytes again detects
  // both.
  if (binary.length % 8 !== 0 || btoa(binary) !== text) return undefined;
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return new Float64Array(bytes.buffer);
}
