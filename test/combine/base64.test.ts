import fc from 'fast-check';
import { expect, test } from 'vitest';
import { float64FromBase64, float64ToBase64 } from '../../combine/base64.ts';
import { property } from '../support/property.ts';

const textOf = (numbers: Float64Array) =>
  Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString('base64');

property(
  'base64 of float64 numbers equals the base64 of Buffer, and decodes to the original bits',
  fc.array(fc.double(), { maxLength: 9 }),
  list => {
    const numbers = Float64Array.from([0, ...list]).subarray(1);
    const text = float64ToBase64(numbers);
    expect(text).toBe(textOf(numbers));
    const back = float64FromBase64(text) as Float64Array;
    expect(new BigUint64Array(back.buffer)).toEqual(new BigUint64Array(numbers.slice().buffer));
  },
);

test.each([
  ['a space', 'AAAAAAAA 8D8='],
  ['a line end', 'AAAAAAAA8D8=\n'],
  ['unused bits that are not 0', 'AAAAAAAA8D9='],
  ['no padding', 'AAAAAAAA8D8'],
  ['too much padding', 'AAAAAAAA8D=='],
  ['padding inside', 'AAAA=AAA8D8='],
  ['a digit of base64url', 'AAAAAAAA_D8='],
  ['another letter', 'AAAAAAAAéD8='],
  ['an emoji', 'AAAAAAAA🙂8='],
  ['seven bytes', 'AAAAAAAA8A=='],
  ['padding alone', '===='],
])('base64 with %s is rejected', (_, text) => {
  expect([...(float64FromBase64('AAAAAAAA8D8=') ?? [])]).toEqual([1]);
  expect(float64FromBase64(text)).toBe(undefined);
});
