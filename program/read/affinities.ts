import { CsvError, parse } from 'csv-parse/sync';

/** What was measured of a compound. */
export interface Affinity {
  readonly ligand: string;
  /** −log₁₀ of the inhibition constant in mol/L. */
  readonly pKi: number;
  /** Of the file, from 1. */
  readonly line: number;
}

/** mol/L */
const units: ReadonlyMap<string, number> = new Map([
  ['M', 1],
  ['mM', 1e-3],
  ['uM', 1e-6],
  ['µM', 1e-6],
  ['nM', 1e-9],
  ['pM', 1e-12],
]);

/**
 * Reads measured affinities from a CSV file with the columns `ligand`, `measure` (`ki` or `kd`), `value` and `unit`
 * (M, mM, uM, nM or pM); others are ignored.
 *
 * @throws Error naming file, line, what was expected there and what was found
 */
export function readAffinities(text: string, file: string): Affinity[] {
  const affinities = rowsOf(text, file).map(({ record, info: { lines } }) => {
    const where = `${file}, line ${lines}`;
    const field = (column: string): string => {
      const content = record[column];
      if (content) return content;
      throw new Error(`${where}: expected something in the column ${column}, found nothing`);
    };
    const measure = field('measure');
    if (!['ki', 'kd'].includes(measure.toLowerCase())) {
      throw new Error(`${where}: expected the measure ki or kd, found "${measure}"`);
    }
    const value = Number(field('value'));
    if (!(value > 0 && Number.isFinite(value))) {
      throw new Error(`${where}: expected a value greater than 0, found "${field('value')}"`);
    }
    const unit = units.get(field('unit'));
    if (unit === undefined) {
      throw new Error(
        `${where}: expected a unit of ${[...units.keys()].join(', ')}, found "${field('unit')}"`,
      );
    }
    return { ligand: field('ligand'), pKi: -Math.log10(value * unit), line: lines };
  });
  if (affinities.length === 0) throw new Error(`${file}: expected at least one compound, found none`);
  return affinities;
}

interface Row {
  readonly record: Readonly<Record<string, string | undefined>>;
  readonly info: { readonly lines: number };
}

function rowsOf(text: string, file: string): readonly Row[] {
  try {
    return parse(text, { bom: true, columns: true, info: true, skip_empty_lines: true, trim: true });
  } catch (error) {
    if (error instanceof CsvError) throw new Error(`${file}: ${error.message}`);
    throw error;
  }
}
