/** Start of the remark with which `refine` names the compound of a pose, in a file with several compounds. */
const start = 'COMPOUND: ';

/** Returns the text of the remark, to follow REMARK. */
export function compoundRemark(name: string): string {
  return `${start}${name}`;
}

/** Returns the compound that a line of PDBQT or PDB names; undefined if the line is no such remark. */
export function compoundIn(line: string): string | undefined {
  const remark = `REMARK ${start}`;
  return line.startsWith(remark) ? line.slice(remark.length).trim() || undefined : undefined;
}
