/*
 * Philox4x32-10, a counter-based generator (Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3,
 * SC11). It turns a counter of four words and a key of two words into four random words, by ten rounds of
 * multiplications. A word has 32 bits. The generator has no state, so a random word depends only on the counter and the
 * key.
 */

// Multipliers of a round, and constants added to the key after each round, as in the paper.
const multipliers = [0xd2511f53, 0xcd9e8d57] as const;
const weyl = [0x9e3779b9, 0xbb67ae85] as const;

/** Four words. */
export type Words = readonly [number, number, number, number];

/** The four random words for a counter and a key. A word is a whole number from 0 to 2³² − 1. */
export function philox(counter: Words, key: readonly [number, number]): Words {
  let [a, b, c, d] = counter;
  let [k, l] = key;
  for (let round = 0; round < 10; round++) {
    const [highA, lowA] = product(multipliers[0], a);
    const [highC, lowC] = product(multipliers[1], c);
    [a, b, c, d] = [(highC ^ b ^ k) >>> 0, lowC, (highA ^ d ^ l) >>> 0, lowA];
    k = (k + weyl[0]) >>> 0;
    l = (l + weyl[1]) >>> 0;
  }
  return [a, b, c, d];
}

/** The high and the low word of a product of two words. */
function product(a: number, b: number): [high: number, low: number] {
  const low = (a & 0xffff) * b;
  const high = (a >>> 16) * b + Math.floor(low / 0x10000);
  return [Math.floor(high / 0x10000), Math.imul(a, b) >>> 0];
}
