import { InvalidArgumentError } from 'commander';

/** An option's number. */
export function finite(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isFinite(number)) return number;
  throw new InvalidArgumentError('It must be a number.');
}

/** An option's number other than 0. */
export function notZero(text: string): number {
  const number = finite(text);
  if (number !== 0) return number;
  throw new InvalidArgumentError('It must be a number other than 0.');
}

/** An option's number greater than 0. */
export function positive(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isFinite(number) && number > 0) return number;
  throw new InvalidArgumentError('It must be a number greater than 0.');
}

/** An option's whole number from 1. */
export function count(text: string): number {
  const number = positive(text);
  if (Number.isInteger(number)) return number;
  throw new InvalidArgumentError('It must be a whole number from 1.');
}

/** An option's whole number from 0. */
export function countOrNone(text: string): number {
  return text.trim() === '0' ? 0 : count(text);
}

/** An option's even number from 2. */
export function even(text: string): number {
  const number = count(text);
  if (number % 2 === 0) return number;
  throw new InvalidArgumentError('It must be an even number.');
}

/** An option's number from 0. */
export function fromZero(text: string): number {
  const number = finite(text);
  if (number >= 0) return number;
  throw new InvalidArgumentError('It must be a number from 0.');
}

/** An option's number between 0 and 1. */
export function share(text: string): number {
  const number = positive(text);
  if (number < 1) return number;
  throw new InvalidArgumentError('It must be a number between 0 and 1.');
}
