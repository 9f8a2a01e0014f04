/**
 * True for a word that is another, in lower case, but for capitals and one letter that is wrong, missing, too many, or exchanged
 * with its neighbour; but for two of these in words of six letters and more.
 */
export function isMisspelt(word: string, right: string): boolean {
  return word !== right && edits(word.toLowerCase(), right) <= (right.length < 6 ? 1 : 2);
}

/** Fewest letters to change, add, drop or exchange with their neighbours (F. Damerau, Communications of the ACM 7, 171, 1964). */
function edits(a: string, b: string): number {
  const least = Array.from({ length: a.length + 1 }, (_, i) =>
    Array.from({ length: b.length + 1 }, (_, j) => i + j),
  );
  const at = (i: number, j: number) => least[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const isExchanged = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      (least[i] as number[])[j] = Math.min(
        at(i - 1, j) + 1,
        at(i, j - 1) + 1,
        at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1),
        isExchanged ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
  }
  return at(a.length, b.length);
}
