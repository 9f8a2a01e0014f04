import { CsvError, parse } from 'csv-parse/sync';
import { quoted } from './line.ts';

/** Measured affinity of a compound. */
export interface Affinity {
  readonly ligand: string;
  /** −log₁₀ of the inhibition or dissociation constant in mol/L. */
  readonly pKi: number;
  /** 'lower' if the true pKi is at least `pKi`, 'upper' if it is at most `pKi`; absent for an exact measurement. */
  readonly bound?: 'lower' | 'upper';
  /** Line of the file, from 1. */
  readonly line: number;
  /** Remark for the user, for example that an IC50 was taken for a Ki. */
  readonly note?: string;
}

/** Options of {@link readAffinities}. */
export interface AffinityOptions {
  /** True to treat an IC50 as a Ki, with a note, if substrate and Km are missing. By default, such an IC50 is an error. */
  readonly ic50AsKi?: boolean;
  /**
   * Treatment of several rows of one compound: 'refuse' (default) makes them an error; 'average' takes the mean pKi of exact
   * measurements, or the tightest bound if all are bounds.
   */
  readonly replicates?: 'refuse' | 'average';
  /** Temperature at which ΔG was measured, in K; 298.15 by default. */
  readonly temperature?: number;
}

/**
 * Reads measured affinities from a table with the columns `ligand`, `measure`, `value` and, unless the measure is a
 * logarithm, `unit`. Fields are separated by commas, semicolons or tabs; other columns are ignored.
 *
 * Measures are Ki, Kd, IC50 (M, mM, uM, nM, pM or fM), pKi, pKd, pIC50 and dG (kcal/mol or kJ/mol). A value may begin with
 * `<` or `>`, or a column `relation` may state this sign. If there are columns `substrate` and `km`, IC50 is converted to
 * Ki = IC50/(1 + [S]/Km) (Y. Cheng and W. H. Prusoff, Biochem. Pharmacol. 22, 3099, 1973). [S] and Km are in the unit of
 * the row, unless their own cell states another.
 *
 * @throws Error naming file and line, what was expected there and what was found
 */
export function readAffinities(text: string, file: string, options: AffinityOptions = {}): Affinity[] {
  const byLigand = new Map<string, Affinity[]>();
  for (const row of rowsOf(text, file)) {
    const affinity = affinityIn(row, options);
    const earlier = byLigand.get(affinity.ligand) ?? [];
    if (earlier.length > 0 && options.replicates !== 'average') {
      throw new Error(`${row.where}: expected each compound once, found ${affinity.ligand} again`);
    }
    byLigand.set(affinity.ligand, [...earlier, affinity]);
  }
  if (byLigand.size === 0) throw new Error(`${file}: expected at least one compound, found none`);
  return [...byLigand.values()].map(replicates => combined(replicates, file));
}

/** Row of a table. */
interface Row {
  readonly line: number;
  /** File and line, for messages. */
  readonly where: string;
  /** True if a comma in a number may be a decimal comma. */
  readonly hasDecimalCommas: boolean;
  /** Returns the content of a column; '' if it is empty or missing. */
  readonly field: (column: string) => string;
}

/** Returns the delimiter of a table: the comma, semicolon or tab, whichever is most frequent in its first line. */
export function delimiterOf(text: string): string {
  const header = /^\ufeff?[^\r\n]*/.exec(text)?.[0] ?? '';
  const fieldCount = (delimiter: string) => header.split(delimiter).length;
  return [',', ';', '\t'].reduce((best, each) => (fieldCount(each) > fieldCount(best) ? each : best));
}

const delimiterNames: Readonly<Record<string, string>> = { ',': 'commas', ';': 'semicolons', '\t': 'tabs' };

/** Returns an error of the CSV parser in words that name the file and, for a row with too few or too many fields, its line. */
export function csvErrorOf(error: unknown, file: string, delimiter: string): unknown {
  if (!(error instanceof CsvError)) return error;
  const { code, lines, columns, record, message } = error;
  if (code !== 'CSV_RECORD_INCONSISTENT_COLUMNS' || !Array.isArray(columns) || !Array.isArray(record))
    return new Error(`${file}: ${message}`);
  const separator = delimiterNames[delimiter];
  const advice = record.length > columns.length ? `; quote fields that contain ${separator}` : '';
  return new Error(
    `${file}, line ${lines}: expected ${columns.length} fields separated by ${separator}, as in line 1, found ${record.length}${advice}`,
  );
}

const required = ['ligand', 'measure', 'value'];

function rowsOf(text: string, file: string): Row[] {
  const delimiter = delimiterOf(text);
  try {
    const settings = {
      bom: true,
      delimiter,
      info: true,
      skip_empty_lines: true,
      trim: true,
      relax_quotes: true,
    };
    const columns = (names: string[]) => {
      const lower = names.map(name => name.toLowerCase());
      const missing = required.find(name => !lower.includes(name));
      if (missing === undefined) return lower;
      const columnNames = names.map(quoted).join(', ');
      throw new Error(`${file}, line 1: expected a column "${missing}", found ${columnNames}`);
    };
    const rows: { record: Record<string, string>; info: { lines: number } }[] = parse(text, {
      ...settings,
      columns,
    });
    return rows.map(({ record, info: { lines: line } }) => ({
      line,
      where: `${file}, line ${line}`,
      hasDecimalCommas: delimiter !== ',',
      field: column => record[column] ?? '',
    }));
  } catch (error) {
    throw csvErrorOf(error, file, delimiter);
  }
}

/** A kind of measurement. */
interface Measure {
  /** Equilibrium constant, its negative logarithm, or ΔG. */
  readonly kind: 'constant' | 'logarithm' | 'energy';
  readonly isIC50?: boolean;
}

const measures: ReadonlyMap<string, Measure> = new Map<string, Measure>([
  ['Ki', { kind: 'constant' }],
  ['Kd', { kind: 'constant' }],
  ['IC50', { kind: 'constant', isIC50: true }],
  ['pKi', { kind: 'logarithm' }],
  ['pKd', { kind: 'logarithm' }],
  ['pIC50', { kind: 'logarithm', isIC50: true }],
  ['dG', { kind: 'energy' }],
  ['ΔG', { kind: 'energy' }],
]);
const measuresByName = new Map([...measures].map(([name, measure]) => [name.toLowerCase(), measure]));

/**
 * Units of concentration, in mol/L. The prefix micro is `u`, the micro sign, the Greek letter mu, or the replacement
 * character that reading with a wrong encoding puts in place of these.
 */
const concentrations: ReadonlyMap<string, number> = new Map([
  ['M', 1],
  ['mM', 1e-3],
  ['uM', 1e-6],
  ['\u00b5M', 1e-6],
  ['\u03bcM', 1e-6],
  ['\ufffdM', 1e-6],
  ['nM', 1e-9],
  ['pM', 1e-12],
  ['fM', 1e-15],
]);

/** Units of energy, in kcal/mol. */
const energies: ReadonlyMap<string, number> = new Map([
  ['kcal/mol', 1],
  ['kJ/mol', 1 / 4.184],
]);

/** Gas constant, in kcal/(mol K). */
const gasConstant = 8.31446261815324 / 4184;

/** Range of plausible pKi: wider than that of all known measurements. */
const plausible = { least: -3, most: 20 };

function affinityIn(row: Row, { ic50AsKi = false, temperature = 298.15 }: AffinityOptions): Affinity {
  const { line, where } = row;
  const ligand = stated(row, 'ligand');
  const measureName = stated(row, 'measure');
  const measure = measuresByName.get(measureName.replaceAll(/[\s_]/g, '').toLowerCase());
  if (!measure) throw unexpectedIn(row, 'measure', `one of ${[...measures.keys()].join(', ')}`);
  const [, relation, amount] =
    /^([<>=~≤≥≈]*)\s*(.*)$/s.exec(row.field('relation') + stated(row, 'value')) ?? [];
  const { value, unit } = amountIn(row, 'value', amount ?? '');
  const notes: string[] = [];

  let pKi: number;
  if (measure.kind === 'logarithm') pKi = value;
  else if (measure.kind === 'energy') {
    const energy = value * factorOf(row, 'value', unit, energies);
    pKi = -energy / (gasConstant * temperature * Math.LN10);
  } else {
    const molar = value * factorOf(row, 'value', unit, concentrations);
    if (!(molar > 0)) throw unexpectedIn(row, 'value', 'a concentration greater than 0');
    pKi = -Math.log10(molar);
  }
  if (measure.isIC50) {
    const shift = pKiShift(row);
    if (shift === undefined && !ic50AsKi) {
      const expected = 'Ki or Kd (for IC50, add the columns substrate and km, or give --ic50-as-ki)';
      throw unexpectedIn(row, 'measure', expected);
    }
    if (shift === undefined) notes.push(`${measureName} is taken for Ki`);
    else pKi += shift;
  }
  if (!(pKi >= plausible.least && pKi <= plausible.most)) {
    const expected = `an affinity of pKi ${plausible.least} to ${plausible.most}`;
    if (measure.kind !== 'logarithm') throw unexpectedIn(row, 'value', expected);
    notes.push(`${measureName} ${value}: expected ${expected}; a logarithm has no unit`);
  }
  const bound = boundOf(relation ?? '', measure.kind === 'logarithm');
  const note = notes.map(each => `${where}: ${each}`).join('\n');
  return { ligand, pKi, line, ...(bound ? { bound } : {}), ...(note ? { note } : {}) };
}

/** Returns the bound of pKi that the sign before a value states. A smaller constant or ΔG means a greater pKi. */
function boundOf(relation: string, isLogarithm: boolean): Affinity['bound'] {
  const isBelow = /[<≤]/.test(relation);
  const isAbove = /[>≥]/.test(relation);
  if (isBelow === isAbove) return undefined;
  return isBelow === isLogarithm ? 'upper' : 'lower';
}

/** Returns pKi − pIC50 = log₁₀(1 + [S]/Km); undefined if the row states neither substrate nor Km. */
function pKiShift(row: Row): number | undefined {
  const [substrate, km] = ['substrate', 'km'].map(column => {
    const text = row.field(column);
    if (text === '') return undefined;
    const { value, unit } = amountIn(row, column, text);
    if (!(value >= 0)) throw unexpectedIn(row, column, 'a concentration');
    return unit === '' ? value : value * factorOf(row, column, unit, concentrations);
  });
  if (substrate === undefined && km === undefined) return undefined;
  if (substrate === undefined)
    throw unexpectedIn(row, 'substrate', 'a concentration, as the column km has one');
  if (km === undefined || km === 0) throw unexpectedIn(row, 'km', 'a concentration greater than 0');
  return Math.log10(1 + substrate / km);
}

/** Parses a number and the unit after it. If no unit follows the number, the unit is that of the column `unit`. */
function amountIn(row: Row, column: string, text: string): { value: number; unit: string } {
  const [, number = '', unit = ''] =
    // The cut bounds the time of the search: a number with its unit is shorter than 100 characters.
    /^([-−+]?[\d.,]+(?:[eE][-+]?\d+)?)\s*(\D*)$/.exec(text.slice(0, 100)) ?? [];
  const plain = number.replace('−', '-');
  // A comma before exactly three digits may separate thousands. It is kept, so that the number is rejected.
  const decimal =
    row.hasDecimalCommas && !/^[-+]?[1-9]\d{0,2},\d{3}$/.test(plain) ? plain.replace(',', '.') : plain;
  const value = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(decimal) ? Number(decimal) : Number.NaN;
  if (!Number.isFinite(value)) throw unexpectedIn(row, column, 'a number');
  return { value, unit: unit || row.field('unit') };
}

/** Returns the factor of a unit. */
function factorOf(row: Row, column: string, unit: string, units: ReadonlyMap<string, number>): number {
  const factor = units.get(unit);
  if (factor !== undefined) return factor;
  const names = [...units.keys()].filter(name => !name.startsWith('\ufffd')).join(', ');
  throw new Error(
    `${row.where}: expected one of the units ${names} in the column ${column} or unit, found ${quoted(unit)}`,
  );
}

/** Returns the content of a column, which must not be empty. */
function stated(row: Row, column: string): string {
  const text = row.field(column);
  if (text !== '') return text;
  throw unexpectedIn(row, column, 'a value');
}

function unexpectedIn(row: Row, column: string, expected: string): Error {
  return new Error(
    `${row.where}: expected ${expected} in the column ${column}, found ${quoted(row.field(column))}`,
  );
}

/**
 * Combines the rows of a compound: the mean of its exact measurements, or the tightest bound if all are bounds.
 *
 * @throws Error naming file and line if all are bounds, some of them lower and others upper ones
 */
function combined(replicates: readonly Affinity[], file: string): Affinity {
  const [first] = replicates as [Affinity];
  if (replicates.length === 1) return first;
  const exact = replicates.filter(({ bound }) => bound === undefined);
  const used = exact.length > 0 ? exact : replicates;
  const { bound, line, ligand } = used[0] as Affinity;
  const other = used.find(each => each.bound !== bound);
  if (other) {
    throw new Error(
      `${file}, line ${other.line}: expected a bound of ${ligand} as in line ${line}, found the opposite`,
    );
  }
  const values = used.map(({ pKi }) => pKi);
  const pKi =
    bound === 'lower'
      ? Math.max(...values)
      : bound === 'upper'
        ? Math.min(...values)
        : values.reduce((sum, value) => sum + value) / values.length;
  const notes = replicates.flatMap(({ note }) => note ?? []);
  const note = [
    ...notes,
    `${file}, line ${line}: ${replicates.length} rows of ${ligand} are combined into one`,
  ].join('\n');
  return { ligand, pKi, line, ...(bound ? { bound } : {}), note };
}
