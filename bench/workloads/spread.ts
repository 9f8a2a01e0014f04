/**
 * Returns numbers from −1/2 to 1/2 that are easy to reproduce in any language: successive multiples of the golden ratio,
 * modulo 1, minus 1/2. They are computed modulo 2³² in whole numbers. The factor 2654435761 is a prime close to 2³² divided
 * by the golden ratio.
 */
export function spread(length: number, seed: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => (Math.imul(i + 1 + seed, 2654435761) >>> 0) / 2 ** 32 - 0.5);
}
