/** Start of the remark by which `refine` names the compound of a pose, in a file of several. */
const start = 'COMPOUND: ';

/** Text of the remark, to stand behind REMARK. */
export function compoundRemark(name: string): string {
  return `${start}${name}`;
}

/** Name that a line of PDBQT or PDB states; undefined if it is no such remark. */
export function compoundIn(line: string): string | undefined {
  const remark = `REMARK ${start}`;
  return line.startsWith(remark) ? line.slice(remark.length).trim() || undefined : undefined;
}
