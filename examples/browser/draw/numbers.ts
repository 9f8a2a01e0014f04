/** With a real minus, as typeset. */
export function fixed(number: number, digits: number): string {
  return Number.isFinite(number) ? number.toFixed(digits).replace('-', '−') : '–';
}

/** Three significant digits, as short as they can be written. */
export function short(number: number): string {
  if (!Number.isFinite(number)) return '–';
  if (number === 0) return '0';
  const size = Math.abs(number);
  const text = size >= 1e5 || size < 1e-3 ? number.toExponential(2) : `${Number(number.toPrecision(4))}`;
  return text.replaceAll('-', '−');
}

/** Bytes with separators: exact, as the engine counts them. */
export function bytes(number: number): string {
  return `${number.toLocaleString('en')} B`;
}

/** Bytes rounded to a unit that suits, for axes. */
export function roughBytes(number: number): string {
  if (number >= 1e6) return `${Number((number / 1e6).toPrecision(3))} MB`;
  if (number >= 1e3) return `${Number((number / 1e3).toPrecision(3))} kB`;
  return `${number} B`;
}

/** Milliseconds with two or three digits. */
export function milliseconds(number: number): string {
  return `${number < 10 ? number.toFixed(2) : number.toFixed(0)} ms`;
}
