const noWords = new Int32Array();

/**
 * A checksum of 64 bits that depends on the values and the order of its input. It guards against accidents, not against
 * forgery. It consists of two sums of 32 bits. Each sum takes in a word by an exclusive or, a multiplication and a
 * shift, with the multipliers of MurmurHash3 by Austin Appleby (public domain, https://github.com/aappleby/smhasher).
 *
 * A change of a single word is always detected, since each step is reversible. Any other change is missed with a
 * probability of about 2⁻⁶⁴.
 */
export class Checksum {
  // Any initial values would do.
  #a = 0x9747b28c;
  #b = 0x5bd1e995;

  /** Adds a text and its length, so that ['ab', 'c'] and ['a', 'bc'] have different checksums. */
  addText(text: string): void {
    this.#add(
      text.length,
      Uint16Array.from({ length: text.length }, (_, i) => text.charCodeAt(i)),
    );
  }

  /** Adds the bits of numbers of 4 or 8 bytes each, with their length in bytes. */
  addBits({ buffer, byteOffset, byteLength }: ArrayBufferView): void {
    // An empty array may have a detached buffer, of which no view can be made.
    this.#add(byteLength, byteLength === 0 ? noWords : new Int32Array(buffer, byteOffset, byteLength / 4));
  }

  #add(length: number, words: Int32Array | Uint16Array): void {
    let [a, b] = [this.#a ^ length, this.#b ^ length];
    for (let i = 0; i < words.length; i++) {
      const word = words[i] as number;
      a = Math.imul(a ^ word, 0x85ebca6b);
      a ^= a >>> 15;
      b = Math.imul(b ^ word, 0xc2b2ae35);
      b ^= b >>> 13;
    }
    [this.#a, this.#b] = [Math.imul(a, 0x85ebca6b), Math.imul(b, 0xc2b2ae35)];
  }

  /** Returns the checksum as 16 hexadecimal digits. */
  toString(): string {
    return [this.#a, this.#b].map(sum => (sum >>> 0).toString(16).padStart(8, '0')).join('');
  }
}
