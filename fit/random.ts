/**
 * Makes a generator of uniform numbers from 0 to below 1, determined by seed and stream: sfc32, the small fast counting
 * generator of C. Doty-Humphrey's PractRand, with the first 15 numbers dropped.
 *
 * @param seed a whole number from 0 to 2⁵³ − 1
 * @param stream a whole number of 32 bits. Streams of one seed are independent
 */
export function uniform(seed: number, stream: number): () => number {
  let [a, b, c, counter] = [seed | 0, Math.floor(seed / 2 ** 32) | 0, stream | 0, 1];
  const next = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 15; i++) next();
  return next;
}

/** Returns the items in random order (R. Durstenfeld, Communications of the ACM 7, 420, 1964). */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j] as T, order[i] as T];
  }
  return order;
}
