import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Line, verdict } from './rows.ts';
import { digits, table } from './text.ts';

/** A row of the table of all reports: what was measured, and the numbers. */
export interface Figure {
  readonly what: string;
  readonly shown: string;
}

/** Rows of a table as figures: the first so many columns name a row, the heads of the others name its numbers. */
export function figuresOf(
  title: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  names = 1,
): Figure[] {
  return rows.map(row => ({
    what: [title, ...row.slice(0, names)].filter(part => part !== '').join(', '),
    shown: row
      .slice(names)
      .map((cell, i) => `${head[names + i]}: ${cell}`)
      .join('; '),
  }));
}

/** Lines with targets as figures. */
export function lineFigures(lines: readonly Line[]): Figure[] {
  return lines.map(line => {
    const result = [`${digits(line.number ?? Number.NaN)} ${line.unit}`.trim(), verdict(line)];
    return {
      what: line.what,
      shown: `${result.filter(part => part !== '').join(', ')} (${line.figures})`,
    };
  });
}

const head = `# Figures

All that the reports of this folder hold, in one table. Each benchmark puts its own rows here when it writes its report;
\`npm run bench:all\` runs them all.
`;

/** Puts the figures of a report into figures.md of its folder, in place of those that it had. */
export async function recordFigures(
  folder: string,
  report: string,
  by: string,
  figures: readonly Figure[],
): Promise<void> {
  const file = join(folder, 'figures.md');
  const before = existsSync(file) ? (await readFile(file, 'utf8')).split('\n') : [];
  const notes = before.filter(line => line.startsWith('- ') && !line.startsWith(`- ${report}: `));
  const kept = before
    .filter(line => line.startsWith('| '))
    .slice(2)
    .map(line => line.slice(2, -2).split(' | '))
    .map(cells => cells.map(cell => cell.trim()))
    .filter(([name]) => name !== report);
  // A bar would end a cell.
  const own = figures.map(({ what, shown }) => [report, what, shown].map(cell => cell.replaceAll('|', '∣')));
  const rows = [...kept, ...own].toSorted(([a = ''], [b = '']) => a.localeCompare(b));
  await mkdir(folder, { recursive: true });
  const all = [...notes, `- ${report}: ${by}.`].toSorted();
  await writeFile(file, `${head}\n${all.join('\n')}\n\n${table(['report', 'what', 'figures'], rows, 3)}\n`);
}
