import type { Atom, Bond } from '../molecule/molecule.ts';
import { BondList, mdlOrders } from './bond-list.ts';
import { elementIn } from './elements.ts';
import { coordinateIn, type Field, fieldAt, fieldsOf, type Line, unexpected, wholeIn } from './line.ts';

/** Atoms and bonds of an SDF record. */
export interface Table {
  readonly atoms: readonly Atom[];
  readonly bonds: readonly Bond[];
}

/** Entry of a V3000 table. A line that ends in a hyphen continues in the next. */
export interface Entry {
  readonly line: Line;
  readonly fields: readonly Field[];
}

/**
 * Reads a V3000 table, word by word.
 *
 * @throws Error naming file and line, if the table is malformed or its numbers of atoms and bonds differ from COUNTS
 */
export function readTable3000(lines: readonly Line[]): Table {
  const atoms: Atom[] = [];
  const serials = new Set<number>();
  let list = new BondList([], mdlOrders);
  let counts: Record<'atoms' | 'bonds', number> | undefined;
  const blocks: string[] = [];
  let last = lines.at(-1) as Line;
  for (const { line, fields } of entriesOf(lines)) {
    last = line;
    const at = (index: number) => fieldAt(fields, index, line);
    const [first = '', second = ''] = fields.map(({ text }) => text.toUpperCase());
    const block = blocks.at(-1);
    if (first === 'BEGIN') {
      blocks.push(second);
      if (second === 'BOND') list = new BondList([...serials], mdlOrders);
    } else if (first === 'END') {
      if (blocks.pop() !== second) throw unexpected(line, block ? `END ${block}` : 'BEGIN before END');
    } else if (block === 'ATOM') {
      const serial = wholeIn(at(0), 'the number of an atom');
      if (serials.has(serial)) throw unexpected(line, 'each atom once', `${serial} again`);
      serials.add(serial);
      atoms.push({
        ...{ serial, name: at(1).text, residue: '', element: elementIn(at(1)) },
        ...{ x: coordinateIn(at(2), 'x'), y: coordinateIn(at(3), 'y'), z: coordinateIn(at(4), 'z') },
      });
    } else if (block === 'BOND') {
      wholeIn(at(0), 'the number of a bond');
      list.add(at(2), at(3), at(1));
    } else if (first === 'COUNTS') {
      counts = {
        atoms: wholeIn(at(1), 'the number of atoms'),
        bonds: wholeIn(at(2), 'the number of bonds'),
      };
    } else if (block === 'CTAB' && first !== 'LINKNODE') {
      throw unexpected(line, 'COUNTS, BEGIN or END');
    }
  }
  if (blocks.length > 0) throw unexpected(last, `END ${blocks.at(-1)}`, 'M  END');
  if (!counts) throw unexpected(last, 'COUNTS in the table', 'none');
  for (const [name, count] of [
    ['atoms', atoms.length],
    ['bonds', list.bonds.length],
  ] as const) {
    if (counts[name] !== count)
      throw unexpected(last, `${counts[name]} ${name}, as COUNTS says`, String(count));
  }
  return { atoms, bonds: list.bonds };
}

/** Yields the entries of a record, from its fifth line to M  END. */
export function* entriesOf(lines: readonly Line[]): Generator<Entry> {
  let begun: Field[] = [];
  /** Part that the next line continues: the last field, or the entry (with more fields); undefined if the entry is complete. */
  let continued: 'field' | 'entry' | undefined;
  // The first four lines are the head of the record.
  for (const line of lines.slice(4)) {
    if (line.content.trim() === '') continue;
    const prefix = /^M\s+V30(?:\s|$)/.exec(line.content)?.[0];
    if (prefix === undefined) {
      if (/^M\s+END/.test(line.content) && !continued) return;
      throw unexpected(line, 'M  V30, or M  END');
    }
    const fields = fieldsOf(line, prefix.length + 1);
    const [first] = fields;
    const unfinished = begun.at(-1);
    if (continued === 'field' && unfinished && first?.column === prefix.length + 1) {
      begun[begun.length - 1] = { ...unfinished, text: unfinished.text + first.text };
      fields.shift();
    }
    begun.push(...fields);
    const last = begun.at(-1);
    continued = last?.text === '-' ? 'entry' : last?.text.endsWith('-') ? 'field' : undefined;
    if (last && continued) {
      begun.pop();
      if (continued === 'field') begun.push({ ...last, text: last.text.slice(0, -1) });
    } else {
      yield { line, fields: begun };
      begun = [];
    }
  }
  throw unexpected(lines.at(-1) as Line, 'M  END');
}
