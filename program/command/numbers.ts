import { InvalidArgumentError } from 'commander';

// Each function throws an InvalidArgumentError for an invalid value. Commander adds the name of the option.

/** Parses the value of an option that is a finite number. */
export function finite(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isFinite(number)) return number;
  throw new InvalidArgumentError('It must be a number.');
}

/** Parses the value of an option that is a number other than 0. */
export function notZero(text: string): number {
  const number = finite(text);
  if (number !== 0) return number;
  throw new InvalidArgumentError('It must be a number other than 0.');
}

/** Parses the value of an option that is a number greater than 0. */
export function positive(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isFinite(number) && number > 0) return number;
  throw new InvalidArgumentError('It must be a number greater than 0.');
}

/** Parses the value of an option that is a whole number of at least 1. */
export function count(text: string): number {
  const number = positive(text);
  if (Number.isInteger(number)) return number;
  throw new InvalidArgumentError('It must be a whole number from 1.');
}

/** Parses the value of an option that is a whole number of at least 0. */
export function countOrNone(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isInteger(number) && number >= 0) return number;
  throw new InvalidArgumentError('It must be a whole number from 0.');
}

/** Parses the value of an option that is an even number of at least 2. */
export function even(text: string): number {
  const number = count(text);
  if (number % 2 === 0) return number;
  throw new InvalidArgumentError('It must be an even number.');
}

/** Parses the value of an option that is a number of at least 0. */
export function fromZero(text: string): number {
  const number = finite(text);
  if (number >= 0) return number;
  throw new InvalidArgumentError('It must be a number from 0.');
}

/** Parses the value of an option that is a number between 0 and 1, both excluded. */
export function share(text: string): number {
  const number = positive(text);
  if (number < 1) return number;
  throw new InvalidArgumentError('It must be a number between 0 and 1.');
}
