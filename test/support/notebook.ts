import { readFileSync } from 'node:fs';

/** The fields of a notebook of nbformat 4 that are used here. */
export interface Notebook {
  readonly cells: readonly Cell[];
}

/** Cell of text or code. Lines include their line breaks. */
export interface Cell {
  readonly cell_type: 'markdown' | 'code';
  readonly source: readonly string[];
  outputs?: readonly unknown[];
}

/** Line that is printed after the output of each cell. */
const mark = '── end of a cell ──';

export function readNotebook(path: string): Notebook {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** Code of all cells as one module, which prints `mark` after each cell. */
export function moduleOf({ cells }: Notebook): string {
  return cells
    .filter(({ cell_type }) => cell_type === 'code')
    .map(({ source }) => `${source.join('')}\nconsole.log(${JSON.stringify(mark)});\n`)
    .join('\n');
}

/** JSON of the notebook, in which each cell has its part of the output `printed` by the module of {@link moduleOf}. */
export function withOutputs(notebook: Notebook, printed: string): string {
  const texts = printed.split(`${mark}\n`);
  for (const cell of notebook.cells) {
    if (cell.cell_type !== 'code') continue;
    const text = (texts.shift() as string).split(/(?<=\n)/).filter(line => line !== '');
    cell.outputs = text.length === 0 ? [] : [{ name: 'stdout', output_type: 'stream', text }];
  }
  return `${JSON.stringify(notebook, null, 1)}\n`;
}
