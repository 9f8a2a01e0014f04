import { pdbqt } from './pdbqt.ts';
import type { Format } from './record.ts';

/** Log of AutoDock and AutoDock-GPU: PDBQT in lines that begin with `DOCKED: `. Columns are counted after this prefix. */
export const dlg: Format = { ...pdbqt, extensions: ['.dlg'], prefix: 'DOCKED: ' };
