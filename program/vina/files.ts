import { readFile } from 'node:fs/promises';
import { getSystemErrorMap } from 'node:util';
import { type Ensemble, ensembleOf, type PdbqtFile } from './ensemble.ts';

/**
 * Reads a receptor and docked poses from PDBQT files.
 *
 * @throws Error, in one line that names the file, if a file cannot be read; also the errors of {@link ensembleOf}
 */
export async function readEnsemble(receptorFile: string, posesFile: string): Promise<Ensemble> {
  return ensembleOf(await read(receptorFile), await read(posesFile));
}

async function read(name: string): Promise<PdbqtFile> {
  const text = await readFile(name, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const [, reason] = getSystemErrorMap().get(error.errno ?? 0) ?? ['', error.message];
    throw new Error(`cannot read ${name}: ${reason}`);
  });
  return { name, text };
}
