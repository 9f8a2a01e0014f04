/**
 * Rejects unknown options. Otherwise a misspelled option would be ignored, and the default used without notice.
 *
 * @throws TypeError naming the owner, the unknown option and the known ones
 */
export function checkOptions<Options extends object>(
  owner: string,
  options: Options,
  known: readonly (keyof Options & string)[],
): void {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`${owner}: options must be an object such as { ${known[0]} }, got ${options}`);
  }
  const names: readonly string[] = known;
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    const meant = names.find(option => option.toLowerCase() === name.toLowerCase());
    const instead = meant ? `did you mean ${meant}?` : `options are ${names.join(', ')}`;
    throw new TypeError(`${owner}: no option ${name}; ${instead}`);
  }
}
