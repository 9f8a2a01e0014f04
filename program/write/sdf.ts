import type { Molecule } from '../molecule/molecule.ts';
import type { Line } from '../read/line.ts';
import { atomFields } from '../read/sdf.ts';
import { entriesOf } from '../read/v3000.ts';
import { decimal, position } from './decimal.ts';

/**
 * Returns a molecule as an SDF record: the lines that were read, with new coordinates and data fields.
 *
 * @param molecule molecule read from SDF with `keepLines`
 * @param coordinates x, y and z of each atom, Å
 * @param data values of data fields by name; each replaces the field of the same name, if any
 * @throws Error that names the file and line, if the molecule has no such lines or another number of atoms
 * @example
 * sdfOf(pose, refined, { energy: '-9.103' });
 */
export function sdfOf(
  molecule: Molecule,
  coordinates: ArrayLike<number>,
  data: Readonly<Record<string, string>> = {},
): string {
  const {
    atoms,
    source: { file, line: first },
  } = molecule;
  const lines = (molecule.lines ?? []).map((content, i) => ({ file, number: first + i, content }));
  const end = lines.findIndex(({ content }) => /^M\s+END/.test(content));
  if (end < 0 || coordinates.length !== 3 * atoms.length) {
    throw new Error(
      `${file}, line ${first}: expected the lines of ${atoms.length} SDF atoms (read with keepLines) and 3 coordinates for each`,
    );
  }
  const table = lines[3]?.content.includes('V3000') ? moved3000 : moved2000;
  const newFields = Object.entries(data).flatMap(([name, value]) => [`>  <${name}>`, value, '']);
  const oldFields = withoutFields(lines.slice(end + 1), Object.keys(data));
  return `${[...table(lines.slice(0, end + 1), coordinates), ...oldFields, ...newFields, '$$$$'].join('\n')}\n`;
}

/** Returns the lines of a V2000 record with new coordinates. */
function moved2000(lines: readonly Line[], coordinates: ArrayLike<number>): string[] {
  // Atoms follow the four lines of the head. Columns 1-30 have x, y and z, each in ten columns with four decimals.
  const last = 4 + coordinates.length / 3;
  return lines.map((line, i) => {
    if (i < 4 || i >= last) return line.content;
    const [, , , symbol] = atomFields(line);
    return `${position(coordinates, i - 4, 10, 4)} ${line.content.slice(symbol.column - 1)}`;
  });
}

/** Returns the lines of a V3000 record with new coordinates. */
function moved3000(lines: readonly Line[], coordinates: ArrayLike<number>): string[] {
  const moved: string[] = [];
  let [begin, end, atom] = [0, 0, 0];
  for (const { line, fields } of entriesOf(lines)) {
    const texts = fields.map(({ text }) => text);
    const words = texts.slice(0, 2).join(' ').toUpperCase();
    if (words === 'BEGIN ATOM') begin = lines.indexOf(line) + 1;
    else if (words === 'END ATOM') end = lines.indexOf(line);
    else if (begin > end) {
      // Each entry between these lines is an atom: its number, its symbol, x, y, z and the rest.
      const at = [0, 1, 2].map(axis => decimal(coordinates[3 * atom + axis] as number, 0, 4));
      moved.push(...wrapped([...texts.slice(0, 2), ...at, ...texts.slice(5)].join(' ')));
      atom++;
    }
  }
  const contents = lines.map(({ content }) => content);
  return [...contents.slice(0, begin), ...moved, ...contents.slice(end)];
}

/** Splits an entry of V3000 into lines of at most 80 characters. */
function wrapped(entry: string): string[] {
  const width = 80 - 'M  V30 -'.length;
  const parts = entry.match(new RegExp(`.{1,${width}}`, 'gs')) ?? [];
  return parts.map((part, i) => `M  V30 ${part}${i < parts.length - 1 ? '-' : ''}`);
}

/** Returns the lines of data fields up to $$$$, without the fields that have one of the names. */
function withoutFields(lines: readonly Line[], names: readonly string[]): string[] {
  let isLeftOut = false;
  const others: string[] = [];
  for (const { content } of lines) {
    if (content.startsWith('$$$$')) break;
    const name = /^>.*<([^>]{0,200})>/.exec(content)?.[1];
    if (name !== undefined) isLeftOut = names.includes(name);
    if (!isLeftOut) others.push(content);
  }
  // A field ends in a blank line.
  if (others.at(-1)?.trim()) others.push('');
  return others;
}
