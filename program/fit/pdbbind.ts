import { type Affinity, type AffinityOptions, readAffinities } from '../read/affinities.ts';
import { quoted } from '../read/line.ts';

/**
 * Reads the affinities of an index of PDBbind, such as `INDEX_refined_data.2020`. Each line has an identifier, resolution,
 * year, −log₁₀ of the affinity, and the published affinity. The published affinity is read, not the logarithm.
 *
 *     1a30  2.00  1994  4.30  Kd=50uM       // 1a30.pdf (DPE)
 *
 * @throws Error naming file and line, what was expected there and what was found
 */
export function readIndex(text: string, file: string, options: AffinityOptions): Affinity[] {
  const lines = text.split(/\r?\n/);
  if (!lines[0]?.startsWith('#')) {
    throw new Error(
      `${file}, line 1: expected an index of PDBbind, which begins with #, or a table that ends in .csv`,
    );
  }
  // The rows keep their line numbers in the table that readAffinities reads, so that its errors name the right line.
  const rows = lines.slice(1).map((line, i) => {
    if (line.trim() === '' || line.startsWith('#')) return '';
    const [, id, measure, relation, value, unit] =
      /^(\w+)\s+\S+\s+\d{4}\s+\S+\s+(Ki|Kd|IC50)\s*(<=|>=|=|<|>|~)\s*([\d.]+)\s*(\w+)/i.exec(line) ?? [];
    if (id !== undefined) return [id, measure, relation, value, unit].join(',');
    throw new Error(
      `${file}, line ${i + 2}: expected an identifier, resolution, year, logarithm and affinity, ` +
        `such as Kd=50uM, found ${quoted(line)}`,
    );
  });
  return readAffinities(['ligand,measure,relation,value,unit', ...rows].join('\n'), file, options);
}
