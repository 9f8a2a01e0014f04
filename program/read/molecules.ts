import type { Molecule } from '../molecule/molecule.ts';
import { pdbqt } from './pdbqt.ts';
import { type Format, Splitter } from './record.ts';

const formats: readonly Format[] = [pdbqt];

/**
 * Format that a file's name says; `.gz` at its end does not count.
 *
 * @throws Error if it says none
 */
export function formatOf(file: string): Format {
  const name = file.toLowerCase().replace(/\.gz$/, '');
  const format = formats.find(({ extensions }) => extensions.some(extension => name.endsWith(extension)));
  if (format) return format;
  const known = formats.flatMap(({ extensions }) => extensions).join(', ');
  throw new Error(`${file}: expected a file that ends in ${known}`);
}

/**
 * Molecules of a text in the order of the file: at least one, each of at least one atom.
 *
 * @param file its name, which says the format; for messages, too
 * @throws Error naming file, line, what was expected there and what was found
 * @example
 * const poses = [...moleculesOf(text, 'poses.pdbqt')];
 * poses.length;               // 64
 * poses[0].atoms[0].type.kind // 'carbon'
 */
export function* moleculesOf(text: string, file: string): Generator<Molecule> {
  const format = formatOf(file);
  const splitter = new Splitter(file, format);
  let count = 0;
  for (const records of [splitter.push(text.replace(/^\ufeff/, '')), splitter.end()]) {
    for (const record of records) {
      for (const molecule of format.read(record)) {
        count++;
        yield molecule;
      }
    }
  }
  if (count === 0) throw new Error(`${file}: expected at least one molecule, found none`);
}

/**
 * The one molecule of a text, such as a receptor.
 *
 * @throws Error as {@link moleculesOf} does, and if there are several
 */
export function moleculeOf(text: string, file: string): Molecule {
  return onlyOne(moleculesOf(text, file), file);
}

function onlyOne(molecules: Iterable<Molecule>, file: string): Molecule {
  const [only, other] = molecules;
  if (only && !other) return only;
  throw new Error(`${file}, line ${other?.place.line}: expected one model, as a receptor has, found another`);
}
