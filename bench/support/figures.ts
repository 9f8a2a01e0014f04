import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Panel } from '../charts.ts';
import { table } from './text.ts';

/** Table of a report. */
export interface Section {
  /** Title; empty if the report has only one table. */
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Number of leading columns that name a row. The other columns are figures. Default 1. */
  readonly names?: number;
  /** Paragraph above the table. */
  readonly about?: string;
}

/** Report of a benchmark. */
export interface Report {
  readonly title: string;
  /** Paragraph on the meaning of the figures and on the way they were measured. */
  readonly about: string;
  readonly sections: readonly Section[];
  readonly chart?: { readonly title: string; readonly panels: readonly Panel[] };
}

/**
 * Returns a report as Markdown.
 *
 * @param by command and machine of the report
 * @param chart file of its chart
 */
export function rendered({ title, about, sections }: Report, by: string, chart?: string): string {
  const image = chart ? [`![${title}](${basename(chart)})`] : [];
  const parts = sections.flatMap(({ title, about, head, rows, names = 1 }) => [
    ...(title === '' ? [] : [`## ${title}`]),
    ...(about ? [about] : []),
    table(head, rows, names),
  ]);
  return `${[`# ${title}`, `${by}.`, about, ...image, ...parts].join('\n\n')}\n`;
}

const preamble = `# Figures

All figures of the reports in this folder. Each benchmark updates its rows when it writes its report;
\`npm run bench:all\` runs them all.
`;

/** Replaces the figures of a report in figures.md, in the report's folder. */
export async function recordFigures(out: string, by: string, sections: readonly Section[]): Promise<void> {
  const [folder, report] = [dirname(out), basename(out, '.md')];
  const file = join(folder, 'figures.md');
  const oldLines = existsSync(file) ? (await readFile(file, 'utf8')).split('\n') : [];
  const otherNotes = oldLines.filter(line => line.startsWith('- ') && !line.startsWith(`- ${report}: `));
  const otherRows = oldLines
    .filter(line => line.startsWith('| '))
    .slice(2) // drops the head of the table and the rule below it
    .map(line => line.slice(2, -2).split(' | '))
    .map(cells => cells.map(cell => cell.trim()))
    .filter(([name]) => name !== report);
  const current = sections.flatMap(({ title, head, rows, names = 1 }) => {
    let group = '';
    return rows.map(row => {
      // A row whose first cell is empty belongs to the group of the row above.
      group = row[0] || group;
      const what = [title, group, ...row.slice(1, names)].filter(part => part !== '').join(', ');
      const figures = row
        .map((cell, i) => `${head[i]}: ${cell}`)
        .filter((_, i) => i >= names && row[i] !== '');
      // Replaces |, which would end a table cell.
      return [report, what, figures.join('; ')].map(cell => cell.replaceAll('|', '∣'));
    });
  });
  const rows = [...otherRows, ...current].toSorted(([a = ''], [b = '']) => a.localeCompare(b));
  await mkdir(folder, { recursive: true });
  const notes = [...otherNotes, `- ${report}: ${by}.`].toSorted();
  await writeFile(
    file,
    `${preamble}\n${notes.join('\n')}\n\n${table(['report', 'what', 'figures'], rows, 3)}\n`,
  );
}
