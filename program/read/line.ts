/** Line of a file. */
export interface Line {
  readonly file: string;
  /** Number of the line in its file, from 1. */
  readonly number: number;
  readonly content: string;
}

/** Word or fixed columns of a line. */
export interface Field {
  readonly line: Line;
  /** Column of the first character, from 1. */
  readonly column: number;
  /** Text of the field; '' if the line ends before the field begins. */
  readonly text: string;
}

/** Splits a line at white space, from a column on. */
export function fieldsOf(line: Line, column = 1): Field[] {
  const words = line.content.slice(column - 1).matchAll(/\S+/g);
  return Array.from(words, ({ 0: text, index }) => ({ line, column: column + index, text }));
}

/** Returns a field of a line by its index; an empty field at the end of the line if it has fewer fields. */
export function fieldAt(fields: readonly Field[], index: number, line: Line): Field {
  return fields[index] ?? { line: fields.at(-1)?.line ?? line, column: line.content.length + 1, text: '' };
}

/** Returns the trimmed text in columns `first` to `last`, counted from 1. */
export function columns(line: Line, first: number, last?: number): string {
  return line.content.slice(first - 1, last).trim();
}

/** Largest coordinate that is accepted, in Å. */
const furthest = 1e6;

/**
 * Reads a coordinate from fixed columns.
 *
 * @throws Error naming file and line if the columns hold anything but a decimal number such as `-12.345`, at most 10⁶ in size
 */
export function coordinateAt(line: Line, first: number, last: number, axis: string): number {
  const value = decimal(line.content, first - 1, last);
  if (Math.abs(value) <= furthest) return value;
  const found = quoted(columns(line, first, last));
  throw unexpected(line, `${axis} in Å, a decimal number in columns ${first}-${last}`, found);
}

/**
 * Parses a number such as `-12.345`, with spaces around it, in part of a text. Returns NaN for anything else. Makes no
 * substrings, to be fast: files of poses consist mostly of coordinates.
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
  // With up to 15 digits both operands are exact, so the quotient is the float64 number nearest to the text.
  return digits > 0 && digits <= 15 ? (sign * whole) / scale : Number.NaN;
}

/** Codes of the characters in a number. */
const [space, plus, minus, point, zero, nine] = [32, 43, 45, 46, 48, 57];

/**
 * Reads a coordinate from a field.
 *
 * @throws Error naming the field if it holds no number such as `-12.345` or `1.5e-3`, at most 10⁶ in size
 */
export function coordinateIn(field: Field, axis: string): number {
  const value = isNumber(field.text) ? Number(field.text) : Number.NaN;
  if (Math.abs(value) <= furthest) return value;
  throw unexpectedField(field, `${axis} in Å, a number of at most ${furthest}`);
}

/**
 * Reads a whole number from a field.
 *
 * @throws Error naming the field if it holds anything but digits
 */
export function wholeIn(field: Field, name: string): number {
  if (isWhole(field.text)) return Number(field.text);
  throw unexpectedField(field, `${name}, a whole number`);
}

/** True for a number with an optional sign and decimal point, and no exponent. */
export function isDecimal(text: string): boolean {
  return !Number.isNaN(decimal(text, 0, text.length));
}

/** True for 1 to 15 digits, which float64 represents exactly. */
export function isWhole(text: string): boolean {
  return /^\d{1,15}$/.test(text);
}

/** True for a number with an optional sign, decimal point and exponent. */
function isNumber(text: string): boolean {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text);
}

/** Error that names the file and line, what was expected there and what was found. */
export function unexpected(line: Line, expected: string, found: string = quoted(line.content)): Error {
  return new Error(`${line.file}, line ${line.number}: expected ${visible(expected)}, found ${found}`);
}

/** Error that names the file, line and column, what was expected there and what was found. */
export function unexpectedField({ line, column, text }: Field, expected: string): Error {
  const where = `${line.file}, line ${line.number}, column ${column}`;
  return new Error(`${where}: expected ${visible(expected)}, found ${quoted(text)}`);
}

/** Quotes a text for a message: cut after 79 characters if longer than 80, control characters escaped; `nothing` for ''. */
export function quoted(text: string): string {
  if (text === '') return 'nothing';
  return `"${visible(text.length > 80 ? `${text.slice(0, 79)}…` : text)}"`;
}

/** Escapes control characters. */
function visible(text: string): string {
  return text.replace(/[\p{C}\u2028\u2029]/gu, character => {
    const code = character.codePointAt(0) as number;
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}
