import type { Branch, TorsionTree } from '../molecule/molecule.ts';
import { type Line, quoted, unexpected } from './line.ts';

/** Fragment whose atoms are being read. */
interface Fragment {
  readonly number: number;
  /** Indices of its atoms by serial number. */
  readonly atoms: Map<number, number>;
}

/** Branch whose ENDBRANCH has not been read yet. */
interface OpenBranch {
  readonly serials: readonly [from: number, to: number];
  readonly line: Line;
  readonly fragment: Fragment;
  /** Index in the list of branches. */
  readonly index: number;
}

/**
 * Builds a torsion tree while its lines are read. Serial numbers must be unique only within a fragment: the ligands and
 * flexible residues of a pose may each count from 1.
 */
export class TreeBuilder {
  readonly #fragmentOf: number[] = [];
  readonly #branches: Branch[] = [];
  readonly #roots: TorsionTree['roots'][number][] = [];
  readonly #open: OpenBranch[] = [];
  #fragments = 0;
  #root: Fragment | undefined;
  /** ROOT line whose ENDROOT has not been read yet. */
  #rootLine: Line | undefined;
  /** BEGIN_RES line whose END_RES has not been read yet. */
  #residueLine: Line | undefined;
  /** True once a record of the tree has been read. */
  #isStated = false;
  #torsionalDegrees: number | undefined;

  /** Reads a record. Returns false, and does nothing, if the record does not belong to a tree. */
  read(record: string, line: Line): boolean {
    switch (record) {
      case 'ROOT':
        this.#beginRoot(line);
        break;
      case 'ENDROOT':
        if (!this.#rootLine) throw unexpected(line, 'ROOT before ENDROOT');
        this.#rootLine = undefined;
        break;
      case 'BRANCH':
        this.#beginBranch(line);
        break;
      case 'ENDBRANCH':
        this.#endBranch(line);
        break;
      case 'TORSDOF':
        this.#expectClosed(line);
        this.#torsionalDegrees = (this.#torsionalDegrees ?? 0) + degreesOf(line);
        break;
      case 'BEGIN_RES':
        this.#expectClosed(line);
        this.#root = undefined;
        this.#residueLine = line;
        break;
      case 'END_RES':
        if (!this.#residueLine) throw unexpected(line, 'BEGIN_RES before END_RES');
        this.#residueLine = undefined;
        this.#expectClosed(line);
        break;
      default:
        return false;
    }
    this.#isStated = true;
    return true;
  }

  /** Adds the next atom to the fragment that is being read. */
  addAtom(serial: number, line: Line): void {
    const fragment = this.#open.at(-1)?.fragment ?? this.#openRoot(line);
    // Waters of a receptor often count from 1 again. That matters only if branches refer to atoms by serial number.
    if (this.#isStated && fragment.atoms.has(serial)) {
      throw unexpected(line, 'a serial number that no other atom of its fragment has', `${serial} again`);
    }
    fragment.atoms.set(serial, this.#fragmentOf.length);
    this.#fragmentOf.push(fragment.number);
  }

  /**
   * Returns the tree of all lines so far; undefined if none of them is a record of a tree, as in a receptor.
   *
   * @param end line at which the record ends, for messages
   * @param found text of that line, or `the end of the file`, for messages
   * @throws Error naming `end` if a branch, root or residue has no end yet
   */
  tree(end: Line, found: string): TorsionTree | undefined {
    this.#expectClosed(end, found);
    if (!this.#isStated) return undefined;
    const tree = {
      fragmentOf: Int32Array.from(this.#fragmentOf),
      branches: this.#branches,
      roots: this.#roots,
    };
    return this.#torsionalDegrees === undefined
      ? tree
      : { ...tree, torsionalDegrees: this.#torsionalDegrees };
  }

  #beginRoot(line: Line): void {
    if (this.#rootLine) throw unexpected(line, `ENDROOT for the ROOT of line ${this.#rootLine.number} first`);
    if (this.#open.length > 0) throw unexpected(line, endOf(this.#open.at(-1) as OpenBranch));
    if (!this.#isStated && this.#fragments > 0) throw unexpected(line, 'ROOT before the first atom');
    this.#rootLine = line;
    this.#root = this.#addRoot();
  }

  /** Returns the root that an atom outside all branches belongs to. */
  #openRoot(line: Line): Fragment {
    if (this.#rootLine && this.#root) return this.#root;
    // A rigid molecule has no ROOT.
    if (!this.#isStated) {
      this.#root ??= this.#addRoot();
      return this.#root;
    }
    throw unexpected(line, 'ROOT or BRANCH before this atom');
  }

  #addRoot(): Fragment {
    const fragment = { number: this.#fragments++, atoms: new Map() };
    this.#roots.push({ fragment: fragment.number, isFlexibleResidue: this.#residueLine !== undefined });
    return fragment;
  }

  #beginBranch(line: Line): void {
    if (this.#rootLine) throw unexpected(line, `ENDROOT for the ROOT of line ${this.#rootLine.number} first`);
    const parent = this.#open.at(-1)?.fragment ?? this.#root;
    const serials = serialsOf(line);
    const from = parent?.atoms.get(serials[0]);
    if (!parent || from === undefined) {
      throw unexpected(line, `BRANCH and the serial number of an atom of the fragment around it`);
    }
    const fragment = { number: this.#fragments++, atoms: new Map() };
    this.#open.push({ serials, line, fragment, index: this.#branches.length });
    // ENDBRANCH fills in `to`, which is an atom of the branch.
    this.#branches.push({ from, to: -1, parent: parent.number, fragment: fragment.number });
  }

  #endBranch(line: Line): void {
    const serials = serialsOf(line);
    const branch = this.#open.pop();
    if (!branch) throw unexpected(line, 'BRANCH before ENDBRANCH');
    if (`${branch.serials}` !== `${serials}`) throw unexpected(line, endOf(branch));
    const to = branch.fragment.atoms.get(serials[1]);
    if (to === undefined) {
      const found = `no such atom up to line ${line.number}`;
      throw unexpected(branch.line, `atom ${serials[1]} in the branch that BRANCH begins`, found);
    }
    this.#branches[branch.index] = { ...(this.#branches[branch.index] as Branch), to };
  }

  /** Rejects a line before which a branch, root or residue should have ended. */
  #expectClosed(line: Line, found: string = quoted(line.content)): void {
    const branch = this.#open.at(-1);
    if (branch) throw unexpected(line, endOf(branch), found);
    const root = this.#rootLine;
    if (root) throw unexpected(line, `ENDROOT for the ROOT of line ${root.number}`, found);
    const residue = this.#residueLine;
    if (residue) throw unexpected(line, `END_RES for the BEGIN_RES of line ${residue.number}`, found);
  }
}

/** Reads the two serial numbers after a record name, as in `BRANCH 5 7`. */
function serialsOf(line: Line): readonly [from: number, to: number] {
  const [, name, from, to] = /^([A-Z]+)\s*(\d+)\s+(\d+)\s*$/.exec(line.content) ?? [];
  if (name !== undefined && from !== undefined && to !== undefined) return [Number(from), Number(to)];
  throw unexpected(line, `${line.content.split(/\s/, 1)[0]} and the serial numbers of two atoms`);
}

/** Reads the number after TORSDOF. */
function degreesOf(line: Line): number {
  const [, degrees] = /^TORSDOF\s*(\d+)\s*$/.exec(line.content) ?? [];
  if (degrees !== undefined) return Number(degrees);
  throw unexpected(line, 'TORSDOF and a whole number');
}

/** Returns the ENDBRANCH that a branch needs, for messages. */
function endOf({ serials, line }: OpenBranch): string {
  return `ENDBRANCH ${serials.join(' ')} for the BRANCH of line ${line.number}`;
}
