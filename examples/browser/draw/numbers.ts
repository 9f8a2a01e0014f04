/** Formats a number with this many decimals and the sign −; a dash if it is not finite. */
export function fixed(number: number, digits: number): string {
  return Number.isFinite(number) ? number.toFixed(digits).replace('-', '−') : '–';
}

/** Formats a number to four significant digits, or three with an exponent if it is very small or large. */
export function short(number: number): string {
  if (!Number.isFinite(number)) return '–';
  if (number === 0) return '0';
  const size = Math.abs(number);
  const text = size >= 1e5 || size < 1e-3 ? number.toExponential(2) : `${Number(number.toPrecision(4))}`;
  return text.replaceAll('-', '−');
}

/** Formats an exact number of bytes, with thousands separators. */
export function bytes(number: number): string {
  return `${number.toLocaleString('en')} B`;
}

/** Formats bytes to three digits in B, kB or MB, for axes. */
export function roughBytes(number: number): string {
  if (number >= 1e6) return `${Number((number / 1e6).toPrecision(3))} MB`;
  if (number >= 1e3) return `${Number((number / 1e3).toPrecision(3))} kB`;
  return `${number} B`;
}

/** Formats milliseconds: two decimals below 10 ms, none above. */
export function milliseconds(number: number): string {
  return `${number < 10 ? number.toFixed(2) : number.toFixed(0)} ms`;
}
