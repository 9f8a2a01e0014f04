/** Returns a key that an object in valid JSON has twice, if there is one. `JSON.parse` would silently use the last value. */
export function repeatedKeyOf(json: string): string | undefined {
  // For each object or list that is open, the keys of the object, or undefined for a list.
  const open: (Set<string> | undefined)[] = [];
  let lastString = [0, 0];
  for (let i = 0; i < json.length; i++) {
    const character = json[i];
    if (character === '{') open.push(new Set());
    else if (character === '[') open.push(undefined);
    else if (character === '}' || character === ']') open.pop();
    else if (character === '"') {
      const begin = i++;
      while (json[i] !== '"') i += json[i] === '\\' ? 2 : 1;
      lastString = [begin, i + 1];
    } else if (character === ':') {
      const key = JSON.parse(json.slice(...lastString)) as string;
      const keys = open.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return undefined;
}
