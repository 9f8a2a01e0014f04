/** Line of a file, and where it stands. */
export interface Line {
  readonly file: string;
  /** From 1. */
  readonly number: number;
  readonly content: string;
}

/** Word of a line, as formats without fixed columns have them. */
export interface Field {
  readonly line: Line;
  /** Of its first character, from 1. */
  readonly column: number;
  /** '' if the line ends before it. */
  readonly text: string;
}

/** Words of a line from some column on, cut at white space. */
export function fieldsOf(line: Line, column = 1): Field[] {
  const words = line.content.slice(column - 1).matchAll(/\S+/g);
  return Array.from(words, ({ 0: text, index }) => ({ line, column: column + index, text }));
}

/** One of a line's fields by its place from 0; an empty one if the line has fewer. */
export function fieldAt(fields: readonly Field[], place: number, line: Line): Field {
  return fields[place] ?? { line: fields.at(-1)?.line ?? line, column: line.content.length + 1, text: '' };
}

/** Text in columns `first` to `last`, counted from 1, without spaces about it. */
export function columns(line: Line, first: number, last?: number): string {
  return line.content.slice(first - 1, last).trim();
}

/** Å; nothing in a file lies further out. */
const furthest = 1e6;

/**
 * Coordinate from fixed columns.
 *
 * @throws Error if they hold anything but a number such as `-12.345`; NaN and infinities are none
 */
export function coordinateAt(line: Line, first: number, last: number, axis: string): number {
  const value = decimal(line.content, first - 1, last);
  if (Math.abs(value) <= furthest) return value;
  const found = quoted(columns(line, first, last));
  throw unexpected(line, `${axis} in Å, a decimal number in columns ${first}-${last}`, found);
}

/**
 * Number such as `-12.345` in part of a text, with spaces about it; NaN for anything else. It cuts no text out, as files of
 * poses are mostly coordinates.
 */
function decimal(text: string, from: number, to: number): number {
  let at = from;
  let end = Math.min(to, text.length);
  while (at < end && text.charCodeAt(at) === space) at++;
  while (at < end && text.charCodeAt(end - 1) === space) end--;
  const sign = text.charCodeAt(at) === minus ? -1 : 1;
  if (sign < 0 || text.charCodeAt(at) === plus) at++;
  let digits = 0;
  let whole = 0;
  let scale = 1;
  let hasPoint = false;
  for (; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === point && !hasPoint) hasPoint = true;
    else if (code >= zero && code <= nine) {
      whole = 10 * whole + code - zero;
      digits++;
      if (hasPoint) scale *= 10;
    } else return Number.NaN;
  }
  // Both are exact up to 15 digits, so that their quotient is the number nearest to the text.
  return digits > 0 && digits <= 15 ? (sign * whole) / scale : Number.NaN;
}

const [space, plus, minus, point, zero, nine] = [32, 43, 45, 46, 48, 57];

/** @throws Error if the field is no number such as `-12.345` or `1.5e-3` */
export function coordinateIn(field: Field, axis: string): number {
  const value = isNumber(field.text) ? Number(field.text) : Number.NaN;
  if (Math.abs(value) <= furthest) return value;
  throw unexpectedField(field, `${axis} in Å, a number of at most ${furthest}`);
}

/** @throws Error if the field holds anything but digits */
export function wholeIn(field: Field, name: string): number {
  if (isWhole(field.text)) return Number(field.text);
  throw unexpectedField(field, `${name}, a whole number`);
}

/** True for a number with a sign and a decimal point, if any: no exponent. */
export function isDecimal(text: string): boolean {
  return !Number.isNaN(decimal(text, 0, text.length));
}

/** True for digits alone, few enough to be exact. */
export function isWhole(text: string): boolean {
  return /^\d{1,15}$/.test(text);
}

function isNumber(text: string): boolean {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text);
}

/** Error that says where a line is not as expected, what was expected, and what stands there. */
export function unexpected(line: Line, expected: string, found: string = quoted(line.content)): Error {
  return new Error(`${line.file}, line ${line.number}: expected ${visible(expected)}, found ${found}`);
}

/** {@link unexpected}, with the column. */
export function unexpectedField({ line, column, text }: Field, expected: string): Error {
  const place = `${line.file}, line ${line.number}, column ${column}`;
  return new Error(`${place}: expected ${visible(expected)}, found ${quoted(text)}`);
}

/** Text in quotation marks, for messages: cut if it is long, with control characters escaped. */
export function quoted(text: string): string {
  if (text === '') return 'nothing';
  return `"${visible(text.length > 80 ? `${text.slice(0, 79)}…` : text)}"`;
}

/** Text with control characters escaped. */
function visible(text: string): string {
  return text.replace(/[\p{C}\u2028\u2029]/gu, character => {
    const code = character.codePointAt(0) as number;
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}
