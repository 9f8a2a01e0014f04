import { describe, expect, test } from 'vitest';
import { messageOf } from '../../examples/browser/message.ts';
import { lineOf } from '../../examples/browser/worker/compile.ts';

const url = 'blob:http://127.0.0.1:8000/2cdea381-7867-4819-a7f3-2a76a7c3144a';

function thrown(stack: string): Error {
  return Object.assign(new Error('no'), { stack });
}

describe('lineOf', () => {
  test.each([
    [
      'Chromium',
      `Error: no\n    at squared (${url}:40:9)\n    at Module.score (${url}:12:7)\n    at run (blob:x:1:2)`,
    ],
    ['Firefox', `squared@${url}:40:9\nscore@${url}:12:7\nrun@blob:x:1:2\n`],
    ['WebKit', `squared@${url}:40:9\nscore@${url}:12:7\nrun@blob:x:1:2`],
  ])('finds the innermost line of the source at the URL in a stack of %s', (_browser, stack) => {
    expect(lineOf(thrown(stack), url)).toBe(40);
  });

  test.each([
    ['an error outside the source', thrown('Error: no\n    at run (blob:x:1:2)')],
    ['a string', 'no'],
  ])('is undefined for %s', (_what, error) => expect(lineOf(error, url)).toBeUndefined());
});

test.each([
  [new RangeError('too far'), 'too far'],
  ['error creating viewer', 'error creating viewer'],
  [undefined, 'undefined'],
])('messageOf gives the message of whatever was thrown: case %#', (error, message) =>
  expect(messageOf(error)).toBe(message),
);
