const none = new Int32Array();

/**
 * Two 32-bit sums over whole numbers, which see what changed and where it moved. They guard against accidents, not against
 * anyone who means to deceive. Each word is mixed in by exclusive or, a multiplication and a shift, as in MurmurHash3 by
 * Austin Appleby (public domain, https://github.com/aappleby/smhasher), whose multipliers these are.
 *
 * A change of one word always shows, since each step can be undone; any other goes unseen once in 2⁶⁴.
 */
export class Checksum {
  #a = 0x9747b28c;
  #b = 0x5bd1e995;

  /** Adds a text with its length, so that two in a row are told from the same characters split elsewhere. */
  addText(text: string): void {
    this.#add(
      text.length,
      Uint16Array.from({ length: text.length }, (_, i) => text.charCodeAt(i)),
    );
  }

  /** Adds the bits of numbers of 4 or 8 bytes, and how many there are. */
  addBits({ buffer, byteOffset, byteLength }: ArrayBufferView): void {
    // A detached buffer has no bytes and takes no view.
    this.#add(byteLength, byteLength === 0 ? none : new Int32Array(buffer, byteOffset, byteLength / 4));
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

  /** 16 hexadecimal digits. */
  toString(): string {
    return [this.#a, this.#b].map(sum => (sum >>> 0).toString(16).padStart(8, '0')).join('');
  }
}
