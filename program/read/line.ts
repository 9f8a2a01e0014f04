/** Line of a file, and where it stands. */
export interface Line {
  readonly file: string;
  /** From 1. */
  readonly number: number;
  readonly content: string;
}

/** Word that says what a line is, such as `ATOM` or `BRANCH`. Digits may follow it without a space. */
export function recordOf(line: Line): string {
  return /^[A-Z_]*/.exec(line.content)?.[0] ?? '';
}

/** Text in columns `first` to `last`, counted from 1, as the format does. */
export function columns(line: Line, first: number, last?: number): string {
  return line.content.slice(first - 1, last).trim();
}

const decimalNumber = /^[+-]?(?:\d+\.?\d*|\.\d+)$/;

/** @throws Error if the columns hold anything but a number such as `-12.345`; NaN and infinities are none */
export function decimal(line: Line, first: number, last: number, name: string): number {
  const field = columns(line, first, last);
  if (decimalNumber.test(field)) return Number(field);
  throw unexpected(line, `${name}, a decimal number in columns ${first}-${last}`, quoted(field));
}

/** @throws Error if the columns hold anything but digits */
export function whole(line: Line, first: number, last: number, name: string): number {
  const field = columns(line, first, last);
  if (/^\d+$/.test(field)) return Number(field);
  throw unexpected(line, `${name}, a whole number in columns ${first}-${last}`, quoted(field));
}

/** Error that says where a line is not as expected, what was expected, and what stands there. */
export function unexpected(line: Line, expected: string, found: string = quoted(line.content)): Error {
  return new Error(`${line.file}, line ${line.number}: expected ${expected}, found ${found}`);
}

/** Text in quotation marks, for messages: cut if it is long, with control characters escaped. */
export function quoted(text: string): string {
  if (text === '') return 'nothing';
  const short = text.length > 80 ? `${text.slice(0, 79)}…` : text;
  return `"${short.replace(/[\p{C}\u2028\u2029]/gu, escaped)}"`;
}

function escaped(character: string): string {
  const code = character.codePointAt(0) as number;
  return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}
