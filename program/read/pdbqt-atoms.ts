import { type Atoms, atomsOf } from '../../examples/networks/pose.ts';
import { atomicNumberOfType } from './elements.ts';
import { type Model, readPdbqt } from './pdbqt.ts';

/**
 * Reads the atoms of each model of a PDBQT file.
 *
 * @throws Error naming file, line, what was expected there and what was found
 */
export function readPdbqtAtoms(text: string, file: string): Atoms[] {
  return readPdbqt(text, file).map(model => atomsOfModel(model, file));
}

function atomsOfModel({ atoms }: Model, file: string): Atoms {
  const elements = atoms.map(({ type, serial }) => {
    const element = atomicNumberOfType(type.name);
    if (element === undefined) throw new Error(`${file}: atom ${serial} of type ${type.name} has no element`);
    return element;
  });
  return atomsOf(
    elements,
    atoms.flatMap(({ x, y, z }) => [x, y, z]),
  );
}
