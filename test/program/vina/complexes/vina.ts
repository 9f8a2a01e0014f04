import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Parts } from './recipes.ts';

/** Energies that AutoDock Vina prints for a pose, in kcal/mol. */
export interface Printed {
  readonly total: number;
  /** Energy of the ligands with the receptor and with one another, before its division by the rotor penalty. */
  readonly intermolecular: number;
}

/** Version line of AutoDock Vina, or undefined if it is not installed. */
export function vinaVersion(): string | undefined {
  const { stdout } = spawnSync('vina', ['--version'], { encoding: 'utf8' });
  return stdout?.trim() || undefined;
}

/** Calls `run` with a function that writes files into a temporary folder, then deletes the folder. */
export function inFolder<T>(run: (write: (name: string, text: string) => string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'posetape-complexes-'));
  try {
    return run((name, text) => {
      const path = join(folder, name);
      writeFileSync(path, text);
      return path;
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Scores one MODEL of a file of docked poses by `vina --score_only`. */
export function scoredByVina({ rigid, flexible }: Parts, model: string): Printed {
  return inFolder(write => {
    const { ligands, residues } = textsOf(model);
    const printed = execFileSync(
      'vina',
      [
        ...['--receptor', write('rigid.pdbqt', rigid)],
        ...(flexible ? ['--flex', write('flexible.pdbqt', residues)] : []),
        ...['--ligand', ...ligands.map((text, n) => write(`ligand${n}.pdbqt`, text))],
        ...['--score_only', '--autobox', '--cpu', '1'],
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const number = (label: string) => Number(new RegExp(`${label} *: (\\S+)`).exec(printed)?.[1]);
    return {
      total: number('Estimated Free Energy of Binding'),
      intermolecular: number('\\(1\\) Final Intermolecular Energy'),
    };
  });
}

/** Models of a PDBQT file, without their MODEL and ENDMDL lines. */
export function modelsOf(text: string): string[] {
  return text
    .split(/^MODEL.*\n/m)
    .slice(1)
    .map(model => model.slice(0, model.indexOf('ENDMDL')));
}

/** Texts of the files to be written for a model: one for each ligand, and one for all flexible residues. */
function textsOf(model: string): { ligands: string[]; residues: string } {
  const lines = model.split('\n').filter(line => line !== '' && !line.startsWith('REMARK'));
  const first = lines.findIndex(line => line.startsWith('BEGIN_RES'));
  const [ligandLines, residueLines] = first < 0 ? [lines, []] : [lines.slice(0, first), lines.slice(first)];
  const ligands: string[] = [];
  let ligand: string[] = [];
  for (const line of ligandLines) {
    ligand.push(line);
    if (!line.startsWith('TORSDOF')) continue;
    ligands.push(`${ligand.join('\n')}\n`);
    ligand = [];
  }
  return { ligands, residues: `${residueLines.join('\n')}\n` };
}
