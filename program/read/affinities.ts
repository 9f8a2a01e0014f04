import { CsvError, parse } from 'csv-parse/sync';
import { quoted } from './line.ts';

/** Measured affinity of a compound. */
export interface Affinity {
  readonly ligand: string;
  /** −log₁₀ of the inhibition or dissociation constant in mol/L. */
  readonly pKi: number;
  /** Side on which the true pKi lies: at least this ('lower') or at most ('upper'); undefined if it is the measured one. */
  readonly bound?: 'lower' | 'upper';
  /** Of the file, from 1. */
  readonly line: number;
  /** Remark for the user, such as that an IC50 stands for Ki. */
  readonly note?: string;
}

export interface AffinityOptions {
  /** True if an IC50 without substrate and Km counts as a Ki, with a note. By default it is an error. */
  readonly ic50AsKi?: boolean;
  /** Several rows of one compound: an error by default, else their mean in pKi. */
  readonly replicates?: 'refuse' | 'average';
  /** K, at which ΔG was measured; 298.15 by default. */
  readonly temperature?: number;
}

/**
 * Reads measured affinities from a table with the columns `ligand`, `measure`, `value` and, unless the measure is a
 * logarithm, `unit`. Fields are separated by commas, semicolons or tabs; other columns are ignored.
 *
 * Measures are Ki, Kd, IC50 (M, mM, uM, nM, pM or fM), pKi, pKd, pIC50 and dG (kcal/mol or kJ/mol). A value, or a column
 * `relation`, may begin with `<` or `>`. With the columns `substrate` and `km`, in the same unit or one of their own, IC50
 * is turned into Ki = IC50/(1 + [S]/Km) (Y. Cheng and W. H. Prusoff, Biochem. Pharmacol. 22, 3099, 1973).
 *
 * @throws Error naming file, line, what was expected there and what was found
 */
export function readAffinities(text: string, file: string, options: AffinityOptions = {}): Affinity[] {
  const byLigand = new Map<string, Affinity[]>();
  for (const row of rowsOf(text, file)) {
    const affinity = affinityIn(row, options);
    const before = byLigand.get(affinity.ligand) ?? [];
    if (before.length > 0 && options.replicates !== 'average') {
      throw new Error(`${row.where}: expected each compound once, found ${affinity.ligand} again`);
    }
    byLigand.set(affinity.ligand, [...before, affinity]);
  }
  if (byLigand.size === 0) throw new Error(`${file}: expected at least one compound, found none`);
  return [...byLigand.values()].map(replicates => averageOf(replicates, file));
}

/** Row of a table; the comma of its numbers may be the decimal one. */
interface Row {
  readonly line: number;
  /** File and line, for messages. */
  readonly where: string;
  readonly hasDecimalCommas: boolean;
  /** Content of a column; '' if it is empty, or there is none. */
  readonly field: (column: string) => string;
}

/** Character that separates the fields of a table: of those that may, the one that its first line has most of. */
export function delimiterOf(text: string): string {
  const header = /^\ufeff?[^\r\n]*/.exec(text)?.[0] ?? '';
  const count = (each: string) => header.split(each).length;
  return [',', ';', '\t'].reduce((most, each) => (count(each) > count(most) ? each : most));
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
      const found = names.map(quoted).join(', ');
      throw new Error(`${file}, line 1: expected a column "${missing}", found ${found}`);
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
    if (!(error instanceof CsvError)) throw error;
    throw new Error(`${file}: ${error.message}`);
  }
}

interface Measure {
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

/** mol/L. The micro sign is also a Greek letter, and what is left of it in a text of another encoding. */
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

/** kcal/mol */
const energies: ReadonlyMap<string, number> = new Map([
  ['kcal/mol', 1],
  ['kJ/mol', 1 / 4.184],
]);

/** kcal/(mol K) */
const gasConstant = 8.31446261815324 / 4184;

/** pKi of all that was ever measured, with some room. */
const plausible = { least: -3, most: 20 };

function affinityIn(row: Row, { ic50AsKi = false, temperature = 298.15 }: AffinityOptions): Affinity {
  const { line, where } = row;
  const ligand = stated(row, 'ligand');
  const measureName = stated(row, 'measure');
  const measure = measuresByName.get(measureName.replaceAll(/[\s_]/g, '').toLowerCase());
  if (!measure) throw unexpectedIn(row, 'measure', `a measure of ${[...measures.keys()].join(', ')}`);
  const [, relation, amount] =
    /^([<>=~≤≥≈]*)\s*(.*)$/s.exec(row.field('relation') + stated(row, 'value')) ?? [];
  const { value, unit } = amountIn(row, 'value', amount ?? '');
  const notes: string[] = [];

  let pKi: number;
  if (measure.kind === 'logarithm') pKi = value;
  else if (measure.kind === 'energy') {
    const energy = value * unitOf(row, 'value', unit, energies);
    pKi = -energy / (gasConstant * temperature * Math.LN10);
  } else {
    const molar = value * unitOf(row, 'value', unit, concentrations);
    if (!(molar > 0)) throw unexpectedIn(row, 'value', 'a concentration greater than 0');
    pKi = -Math.log10(molar);
  }
  if (measure.isIC50) {
    const shift = logOfInhibition(row);
    if (shift === undefined && !ic50AsKi) {
      const expected = 'Ki or Kd, or the columns substrate and km with IC50, or leave to take IC50 for Ki';
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

/** Bound of pKi by the relation before a value. A smaller constant or ΔG is a greater pKi. */
function boundOf(relation: string, isLogarithm: boolean): Affinity['bound'] {
  const isBelow = /[<≤]/.test(relation);
  const isAbove = /[>≥]/.test(relation);
  if (isBelow === isAbove) return undefined;
  return isBelow === isLogarithm ? 'upper' : 'lower';
}

/** log₁₀(1 + [S]/Km), by which the pKi is above the pIC50; undefined if the row states neither. */
function logOfInhibition(row: Row): number | undefined {
  const [substrate, km] = ['substrate', 'km'].map(column => {
    const text = row.field(column);
    if (text === '') return undefined;
    const { value, unit } = amountIn(row, column, text);
    if (!(value >= 0)) throw unexpectedIn(row, column, 'a concentration');
    return unit === '' ? value : value * unitOf(row, column, unit, concentrations);
  });
  if (substrate === undefined && km === undefined) return undefined;
  if (substrate === undefined) throw unexpectedIn(row, 'substrate', 'a concentration, as km has one');
  if (km === undefined || km === 0) throw unexpectedIn(row, 'km', 'a concentration greater than 0');
  return Math.log10(1 + substrate / km);
}

/** Number with a unit, which is that of the row unless one follows the number. */
function amountIn(row: Row, column: string, text: string): { value: number; unit: string } {
  const [, number = '', unit = ''] =
    /^([-−+]?[\d.,]+(?:[eE][-+]?\d+)?)\s*(\D*)$/.exec(text.slice(0, 100)) ?? [];
  const plain = number.replace('−', '-');
  const decimal =
    row.hasDecimalCommas && !/^[-+]?[1-9]\d{0,2},\d{3}$/.test(plain) ? plain.replace(',', '.') : plain;
  const value = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(decimal) ? Number(decimal) : Number.NaN;
  if (!Number.isFinite(value)) throw unexpectedIn(row, column, 'a number');
  return { value, unit: unit || row.field('unit') };
}

function unitOf(row: Row, column: string, unit: string, units: ReadonlyMap<string, number>): number {
  const factor = units.get(unit);
  if (factor !== undefined) return factor;
  const known = [...units.keys()].filter(name => !name.startsWith('\ufffd')).join(', ');
  throw new Error(
    `${row.where}: expected a unit of ${known} in the column ${column} or unit, found ${quoted(unit)}`,
  );
}

function stated(row: Row, column: string): string {
  const text = row.field(column);
  if (text !== '') return text;
  throw unexpectedIn(row, column, 'something');
}

function unexpectedIn(row: Row, column: string, expected: string): Error {
  return new Error(
    `${row.where}: expected ${expected} in the column ${column}, found ${quoted(row.field(column))}`,
  );
}

/** One affinity of several of a compound: the mean of those that are no bounds, else the tightest bound. */
function averageOf(replicates: readonly Affinity[], file: string): Affinity {
  const [first] = replicates as [Affinity];
  if (replicates.length === 1) return first;
  const measured = replicates.filter(({ bound }) => bound === undefined);
  const same = measured.length > 0 ? measured : replicates;
  const { bound, line, ligand } = same[0] as Affinity;
  const other = same.find(each => each.bound !== bound);
  if (other) {
    throw new Error(
      `${file}, line ${other.line}: expected a bound of ${ligand} as in line ${line}, found the opposite`,
    );
  }
  const values = same.map(({ pKi }) => pKi);
  const pKi =
    bound === 'lower'
      ? Math.max(...values)
      : bound === 'upper'
        ? Math.min(...values)
        : values.reduce((sum, value) => sum + value) / values.length;
  const notes = replicates.flatMap(({ note }) => note ?? []);
  const note = [
    ...notes,
    `${file}, line ${line}: ${replicates.length} rows of ${ligand} are taken together`,
  ].join('\n');
  return { ligand, pKi, line, ...(bound ? { bound } : {}), note };
}
