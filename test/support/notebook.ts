import { readFileSync } from 'node:fs';

/** A notebook of nbformat 4, as far as it is read here. */
export interface Notebook {
  readonly cells: readonly Cell[];
}

/** A text or a program; the lines end with their line breaks. */
export interface Cell {
  readonly cell_type: 'markdown' | 'code';
  readonly source: readonly string[];
  outputs?: readonly unknown[];
}

/** The separator between the outputs of two cells. */
const mark = '── end of a cell ──';

export function readNotebook(path: string): Notebook {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** The code of all cells as one module, which prints a mark after each. */
export function moduleOf({ cells }: Notebook): string {
  return cells
    .filter(({ cell_type }) => cell_type === 'code')
    .map(({ source }) => `${source.join('')}\nconsole.log(${JSON.stringify(mark)});\n`)
    .join('\n');
}

/** The text of a notebook whose outputs are what {@link moduleOf} printed. */
export function withOutputs(notebook: Notebook, printed: string): string {
  const texts = printed.split(`${mark}\n`);
  for (const cell of notebook.cells) {
    if (cell.cell_type !== 'code') continue;
    const text = (texts.shift() as string).split(/(?<=\n)/).filter(line => line !== '');
    cell.outputs = text.length === 0 ? [] : [{ name: 'stdout', output_type: 'stream', text }];
  }
  return `${JSON.stringify(notebook, null, 1)}\n`;
}
