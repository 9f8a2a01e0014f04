/**
 * True for a misspelling of the right word. A misspelling differs from it only in capitals, or by one edit, or by two edits if
 * the right word has at least six letters. An edit changes, adds or drops a letter, or exchanges two neighbouring letters.
 *
 * @param right the right word, in lower case
 */
export function isMisspelt(word: string, right: string): boolean {
  return word !== right && edits(word.toLowerCase(), right) <= editsAllowed(right);
}

/** Returns the name that a word misspells with the fewest edits; undefined if it misspells none. Names may have capitals. */
export function meantBy(word: string, names: readonly string[]): string | undefined {
  const distance = (name: string) => edits(word.toLowerCase(), name.toLowerCase());
  const similar = names.filter(name => distance(name) <= editsAllowed(name));
  return similar.sort((a, b) => distance(a) - distance(b))[0];
}

/** Returns the maximum number of edits by which a misspelling differs from the right word. */
function editsAllowed(right: string): number {
  return right.length < 6 ? 1 : 2;
}

/** Returns the minimum number of edits that turn `a` into `b` (F. Damerau, Communications of the ACM 7, 171, 1964). */
function edits(a: string, b: string): number {
  // fewest[i][j] is the minimum number of edits that turn the first i letters of a into the first j of b.
  const fewest = Array.from({ length: a.length + 1 }, (_, i) =>
    Array.from({ length: b.length + 1 }, (_, j) => i + j),
  );
  const at = (i: number, j: number) => fewest[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      // True if letters i − 1 and i of a are letters j and j − 1 of b.
      const isExchanged = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      (fewest[i] as number[])[j] = Math.min(
        at(i - 1, j) + 1,
        at(i, j - 1) + 1,
        at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1),
        isExchanged ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
  }
  return at(a.length, b.length);
}
