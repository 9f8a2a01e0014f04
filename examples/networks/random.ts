/**
 * Returns a generator of uniform random numbers between 0 and 1: xₙ₊₁ = 48271 xₙ mod (2³¹ − 1) (Park, Miller and Stockmeyer,
 * Communications of the ACM 36 (7), 108, 1993).
 *
 * @param seed a whole number from 1 to 2³¹ − 2
 * @throws RangeError if the seed is not such a number
 */
export function uniform(seed: number): () => number {
  const modulus = 2 ** 31 - 1;
  if (!Number.isInteger(seed) || seed < 1 || seed >= modulus) {
    throw new RangeError(`uniform: a seed is a whole number from 1 to ${modulus - 1}, got ${seed}`);
  }
  let state = seed;
  const next = () => {
    state = (48271 * state) % modulus;
    return state / modulus;
  };
  // Skips the first eight numbers, because small seeds give small first numbers.
  for (let i = 0; i < 8; i++) next();
  return next;
}
