import { type AtomType, atomTypes } from './atom-types.ts';

/** A line of a PDBQT file, and where it stands. */
export interface Line {
  readonly file: string;
  /** From 1. */
  readonly number: number;
  readonly content: string;
}

/** The word that says what a line is, such as `ATOM` or `BRANCH`. Digits may follow it without a space. */
export function recordOf(line: Line): string {
  return /^[A-Z_]*/.exec(line.content)?.[0] ?? '';
}

/** The text in columns `first` to `last`, counted from 1, as the format does. */
export function columns(line: Line, first: number, last: number): string {
  return line.content.slice(first - 1, last).trim();
}

/** @throws Error if the columns hold anything but a number such as `-12.345`; NaN and infinities are none */
export function decimal(line: Line, first: number, last: number, what: string): number {
  const field = columns(line, first, last);
  if (/^[+-]?(\d+\.?\d*|\.\d+)$/.test(field)) return Number(field);
  throw unexpected(line, `${what}, a decimal number in columns ${first}-${last}`, quoted(field));
}

/** @throws Error if the columns hold anything but digits */
export function whole(line: Line, first: number, last: number, what: string): number {
  const field = columns(line, first, last);
  if (/^\d+$/.test(field)) return Number(field);
  throw unexpected(line, `${what}, a whole number in columns ${first}-${last}`, quoted(field));
}

/** @throws Error if the columns hold no {@link atomTypes | AutoDock atom type} */
export function atomType(line: Line, first: number, last: number): AtomType {
  const name = columns(line, first, last);
  const type = atomTypes.get(name);
  if (type) return type;
  const known = [...atomTypes.keys()].join(' ');
  throw unexpected(line, `an AutoDock atom type (${known}) in columns ${first}-${last}`, quoted(name));
}

/**
 * The one whole number after a record name, as in `TORSDOF 7`.
 * @throws Error if something else stands there
 */
export function numberAfterRecord(line: Line): number {
  const [, number] = /^[A-Z]+\s*(\d+)$/.exec(line.content) ?? [];
  if (number === undefined) throw unexpected(line, `${recordOf(line)} and a whole number`);
  return Number(number);
}

/**
 * The two whole numbers after a record name, as in `BRANCH 5 7`.
 * @throws Error if something else stands there
 */
export function pairAfterRecord(line: Line): readonly [number, number] {
  const [, first, second] = /^[A-Z]+\s*(\d+)\s+(\d+)$/.exec(line.content) ?? [];
  if (first === undefined || second === undefined) {
    throw unexpected(line, `${recordOf(line)} and the serial numbers of two atoms`);
  }
  return [Number(first), Number(second)];
}

/** An error that says where a line is not as expected, what was expected, and what stood there. */
export function unexpected(line: Line, expected: string, found: string = quoted(line.content)): Error {
  return new Error(`${line.file}, line ${line.number}: expected ${expected}, found ${found}`);
}

function quoted(text: string): string {
  if (text === '') return 'nothing';
  return text.length > 80 ? `"${text.slice(0, 79)}…"` : `"${text}"`;
}
