/** Base64 text of bytes. */
export type Base64 = string;

const digits = new TextEncoder().encode('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const padding = '='.charCodeAt(0);

/** Values of the digits by their character codes; 64 for all else. */
const values = new Uint8Array(256).fill(64);
for (const [value, code] of digits.entries()) values[code] = value;

/** The bytes of float64 numbers, little-endian as on every platform JavaScript runs on, in base64. */
export function float64ToBase64(numbers: Float64Array): Base64 {
  const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  const { length } = bytes;
  const text = new Uint8Array(4 * Math.ceil(length / 3));
  let at = 0;
  for (let i = 0; i < length; i += 3) {
    // Bytes past the end count as 0.
    const three = ((bytes[i] as number) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text[at++] = digits[three >> 18] as number;
    text[at++] = digits[(three >> 12) & 63] as number;
    text[at++] = digits[(three >> 6) & 63] as number;
    text[at++] = digits[three & 63] as number;
  }
  text.fill(padding, text.length - ((3 - (length % 3)) % 3));
  return new TextDecoder().decode(text);
}

/** The numbers whose bytes {@link float64ToBase64} wrote; nothing for a text that it did not write. */
export function float64FromBase64(text: Base64): Float64Array | undefined {
  const { length } = text;
  const padded = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const size = (length / 4) * 3 - padded;
  if (length % 4 !== 0 || size % 8 !== 0) return undefined;
  const codes = new Uint8Array(length);
  // A character outside ASCII takes several bytes, for which there is no room.
  if (new TextEncoder().encodeInto(text, codes).read !== length) return undefined;
  const bytes = new Uint8Array(size);
  const kept = length - padded;
  let [bits, count, at] = [0, 0, 0];
  for (let i = 0; i < kept; i++) {
    const value = values[codes[i] as number] as number;
    if (value === 64) return undefined;
    bits = ((bits << 6) | value) & 0xffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes[at++] = bits >> count;
  }
  // Loose bits at the end would be lost.
  return (bits & ((1 << count) - 1)) === 0 ? new Float64Array(bytes.buffer) : undefined;
}
