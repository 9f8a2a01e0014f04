import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { type Tensor, tensor } from 'posetape';
import { readSafetensors, writeSafetensors } from 'posetape/fit';
import { describe, expect, test } from 'vitest';
import { property, seed } from '../support/property.ts';

/** Makes a file from a header and bytes. The header need not describe the bytes. */
function fileOf(header: unknown, bytes: readonly number[] = []): Uint8Array {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + text.length + bytes.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  file.set(bytes, 8 + text.length);
  return file;
}

const fileOfOne = (dtype: string, shape: readonly number[], bytes: readonly number[]) =>
  fileOf({ a: { dtype, shape, data_offsets: [0, bytes.length] } }, bytes);
const bytesOf = (array: ArrayBufferView) => [
  ...new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
];

/** Reads a file by the specification of the format, without any check. */
function readPlainly(file: Uint8Array): Record<string, { dtype: string; shape: number[]; bytes: number[] }> {
  const view = new DataView(file.buffer, file.byteOffset);
  const length = Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)));
  const entries = Object.entries<{ dtype: string; shape: number[]; data_offsets: [number, number] }>(header)
    .filter(([name]) => name !== '__metadata__')
    .map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [begin, end],
        },
      ]) => [name, { dtype, shape, bytes: [...file.subarray(8 + length + begin, 8 + length + end)] }],
    );
  return Object.fromEntries(entries);
}

const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 });
const tensors = fc.dictionary(
  fc
    .oneof(
      fc.constantFrom('__proto__', 'constructor', '', 'é "\\\n', '\ud800', '7', 'a.b'),
      fc.string({ unit: 'binary' }),
    )
    .filter(name => name !== '__metadata__'),
  shapes.chain(shape => {
    const size = shape.reduce((a, b) => a * b, 1);
    const bits = fc.uint8Array({ minLength: 8 * size, maxLength: 8 * size });
    return fc.tuple(bits, fc.integer({ min: 0, max: 2 })).map(([bytes, kind]): Tensor => {
      if (kind === 0) return tensor(new Float64Array(bytes.slice().buffer), shape);
      if (kind === 1) return tensor(new Float32Array(bytes.slice(0, 4 * size).buffer), shape);
      return tensor(new Int32Array(bytes.slice(0, 4 * size).buffer), shape) as Tensor;
    });
  }),
  { maxKeys: 5 },
);
const metadata = fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), { maxKeys: 3 });

describe('writing and reading', () => {
  property('changes no bit of any name, shape, number or metadata', tensors, metadata, (original, about) => {
    const file = writeSafetensors(original, { metadata: about });
    // The bytes begin at an odd address, as those of a part of a larger file may.
    const moved = new Uint8Array(file.length + 1).subarray(1);
    moved.set(file);
    const read = readSafetensors(moved);
    expect(Object.keys(read.tensors).sort()).toEqual(Object.keys(original).sort());
    for (const [name, { data, shape }] of Object.entries(original)) {
      const back = read.tensors[name] as Tensor;
      expect(back.shape).toEqual(shape);
      expect(back.data.constructor).toBe(data.constructor);
      expect(bytesOf(back.data)).toEqual(bytesOf(data));
    }
    expect(Object.entries(read.metadata).sort()).toEqual(Object.entries(about).sort());
    expect(writeSafetensors(read.tensors, { metadata: read.metadata })).toHaveLength(file.length);
  });

  property('gives files that an independent reader can read', tensors, original => {
    const read = readPlainly(writeSafetensors(original));
    for (const [name, { data, shape }] of Object.entries(original)) {
      const dtype = data instanceof Float64Array ? 'F64' : data instanceof Float32Array ? 'F32' : 'I32';
      expect(read[name]).toEqual({ dtype, shape, bytes: bytesOf(data) });
    }
  });

  test('aligns numbers to eight bytes, larger types first', () => {
    const file = writeSafetensors({
      a: tensor(Float32Array.of(1)),
      b: tensor([1]),
      c: tensor(Int32Array.of(1)),
    });
    const length = Number(new DataView(file.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    const header = JSON.parse(Buffer.from(file.subarray(8, 8 + length)).toString());
    expect(
      Object.entries(header).map(([name, each]) => [name, (each as { data_offsets: number[] }).data_offsets]),
    ).toEqual([
      ['b', [0, 8]],
      ['a', [8, 12]],
      ['c', [12, 16]],
    ]);
    expect(readSafetensors(writeSafetensors({}))).toEqual({ tensors: {}, metadata: {} });
  });
});

describe('types', () => {
  test.each([
    [
      'F16',
      [0x00, 0x3c, 0x00, 0xc0, 0xff, 0x7b, 0x01, 0x00, 0x00, 0x80, 0x00, 0x7c, 0x01, 0xfe],
      Float32Array.of(1, -2, 65504, 2 ** -24, -0, Number.POSITIVE_INFINITY, Number.NaN),
    ],
    ['F16', [0xff, 0x03, 0x00, 0x04, 0x55, 0x35], Float32Array.of(1023 * 2 ** -24, 2 ** -14, 0.333251953125)],
    [
      'BF16',
      [0x80, 0x3f, 0x49, 0x40, 0x80, 0xff, 0x01, 0x80],
      Float32Array.of(1, 3.140625, Number.NEGATIVE_INFINITY, -(2 ** -133)),
    ],
    ['I8', [0x80, 0xff, 0x7f], Int32Array.of(-128, -1, 127)],
    ['U8', [0x80, 0xff], Int32Array.of(128, 255)],
    ['BOOL', [0, 1], Int32Array.of(0, 1)],
    ['I16', [0x00, 0x80], Int32Array.of(-32768)],
    ['U16', [0x00, 0x80], Int32Array.of(32768)],
    ['I32', [0xff, 0xff, 0xff, 0xff], Int32Array.of(-1)],
    ['U32', [0xff, 0xff, 0xff, 0xff], Float64Array.of(2 ** 32 - 1)],
    ['I64', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Float64Array.of(-1)],
    ['U64', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 0], Float64Array.of(2 ** 53 - 1)],
  ] as const)('%s is read', (dtype, bytes, expected) => {
    expect(readSafetensors(fileOfOne(dtype, [expected.length], bytes)).tensors.a).toEqual(
      tensor(expected as Float64Array),
    );
  });
});

describe('errors', () => {
  const a = { dtype: 'F32', shape: [1], data_offsets: [0, 4] };
  const four = [0, 0, 0, 0];
  test.each<[string, Uint8Array]>([
    ['3 bytes are too few for the length of a header', Uint8Array.of(1, 2, 3)],
    ['the header should have 18446744073709551615 bytes, but at most 100000000', new Uint8Array(9).fill(255)],
    ['the header should have 9 bytes, but only 2 follow', Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0, 123, 125)],
    ['the header does not begin with {', fileOf(' {}')],
    ['the header does not begin with {', fileOf('')],
    ['the header does not begin with {', fileOf('[]')],
    ['the header is not UTF-8', Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 123, 255)],
    ['the header is not JSON', fileOf('{"a":')],
    ['the header has a twice', fileOf(`{"a":${JSON.stringify(a)}, "\\u0061" :${JSON.stringify(a)}}`, four)],
    ['the header has shape twice', fileOf('{"a":{"shape":[1],"shape":[2]}}')],
    ['__metadata__ is not a map of strings', fileOf({ __metadata__: [] })],
    ['__metadata__.n is not a string', fileOf({ __metadata__: { n: 1 } })],
    ['a is not a map of dtype, shape and data_offsets', fileOf({ a: null })],
    ['a has an unknown field more', fileOf({ a: { ...a, more: 1 } })],
    ['a has dtype F8_E4M3; supported are F64, F32', fileOf({ a: { ...a, dtype: 'F8_E4M3' } })],
    ['a has dtype missing; supported are', fileOf({ a: { shape: [1], data_offsets: [0, 4] } })],
    ['a has shape [-1], which is not a list', fileOf({ a: { ...a, shape: [-1] } })],
    ['a has shape [1.5], which is not a list', fileOf({ a: { ...a, shape: [1.5] } })],
    ['a has shape [9007199254740992], which is', fileOf({ a: { ...a, shape: [2 ** 53] } })],
    ['a has data_offsets [0], which are not two', fileOf({ a: { ...a, data_offsets: [0] } })],
    ['a has -4 bytes, but shape [1] of F32 takes 4', fileOf({ a: { ...a, data_offsets: [4, 0] } }, four)],
    ['a has 4 bytes, but shape [2] of F32 takes 8', fileOf({ a: { ...a, shape: [2] } }, four)],
    [
      'a has 4 bytes, but shape [9007199254740991, 9007199254740991',
      fileOf({ a: { ...a, shape: new Array(40).fill(2 ** 53 - 1) } }, four),
    ],
    ['the tensors take 4 bytes, but there are 5', fileOf({ a }, [...four, 0])],
    ['the tensors take 4 bytes, but there are 3', fileOf({ a }, [0, 0, 0])],
    ['b begins at byte 0 of the numbers, but must begin at 4', fileOf({ a, b: a }, four)],
    [
      'a begins at byte 4 of the numbers, but must begin at 0',
      fileOf({ a: { ...a, data_offsets: [4, 8] } }, [...four, ...four]),
    ],
    [
      'a holds 9007199254740993, which is too large to be read exactly',
      fileOfOne('I64', [1], [1, 0, 0, 0, 0, 0, 0x20, 0]),
    ],
    ['a\\u001b[31m is not a map', fileOf({ 'a\u001b[31m': 1 })],
  ])('%s', (message, file) => {
    expect(() => readSafetensors(file)).toThrow(`readSafetensors: ${message}`);
    expect(() => readSafetensors(file)).toThrow(RangeError);
  });

  test('for wrong arguments name the tensor, metadata or file', () => {
    expect(() => writeSafetensors({ __metadata__: tensor(1) })).toThrow(
      'no tensor can have the name __metadata__',
    );
    expect(() => writeSafetensors({ a: [1] as never })).toThrow('writeSafetensors: a is not a tensor');
    expect(() => writeSafetensors({}, { metadata: { n: 1 as never } })).toThrow('metadata n is not a string');
    expect(() => readSafetensors('file' as never)).toThrow('readSafetensors: the file must be a Uint8Array');
  });

  test('of long and deep headers are found quickly, and a long valid header is read', () => {
    const long = fileOf(`{"${'\\"a'.repeat(3_000_000)}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`);
    expect(Object.keys(readSafetensors(long).tensors)[0]).toHaveLength(6_000_000);
    expect(() => readSafetensors(fileOf(`{"a":${'['.repeat(1_000_000)}`))).toThrow('the header is not JSON');
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    expect(() =>
      readSafetensors(fileOf(`{"a":{"dtype":"F32","shape":${deep},"data_offsets":[0,0]}}`)),
    ).toThrow(RangeError);
  });
});

test('each of 10,000 damaged files is an error, or has the shapes that an independent reader finds', () => {
  const sound = writeSafetensors(
    {
      'layer.weight': tensor([
        [1, 2, 3],
        [4, 5, 6],
      ]),
      bias: tensor(Float32Array.of(0.5, -0.5)),
      index: tensor(Int32Array.of(3)) as Tensor,
      none: tensor([]),
    },
    { metadata: { format: 'pt' } },
  );
  const header = 8 + Number(new DataView(sound.buffer).getBigUint64(0, true));
  // Most of the damage is to the header, by characters of JSON.
  const position = fc.oneof(fc.nat(header + 8), fc.nat(sound.length - 1));
  const byte = fc.oneof(fc.constantFrom(...Buffer.from('{}[]",:0123456789-.eE\\ntFI_ad\u0000')), fc.nat(255));
  const damage = fc.oneof(
    fc.record({ kind: fc.constant('set'), at: position, byte, length: fc.constant(1) }),
    fc.record({ kind: fc.constant('insert'), at: position, byte, length: fc.constant(1) }),
    fc.record({ kind: fc.constant('cut'), at: position, byte, length: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ kind: fc.constant('repeat'), at: position, byte, length: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ kind: fc.constant('end'), at: position, byte, length: fc.constant(0) }),
  );
  let [read, rejected] = [0, 0];
  const law = fc.property(
    fc.array(damage, { minLength: 1, maxLength: 3 }),
    fc.boolean(),
    (damages, fixesLength) => {
      let bytes = [...sound];
      for (const { kind, at, byte: to, length } of damages) {
        if (kind === 'set') bytes[at] = to;
        if (kind === 'insert') bytes.splice(at, 0, to);
        if (kind === 'cut') bytes.splice(at, length);
        if (kind === 'repeat') bytes.splice(at, 0, ...bytes.slice(at, at + length));
        if (kind === 'end') bytes = bytes.slice(0, at);
      }
      const file = Uint8Array.from(bytes, each => each ?? 0);
      // Adapts the stored length of the header, so that a damaged file passes the first check.
      if (fixesLength && file.length >= sound.length - 60 && file.length > 8)
        new DataView(file.buffer).setBigUint64(
          0,
          BigInt(Math.max(0, header - 8 + file.length - sound.length)),
          true,
        );
      try {
        const { tensors } = readSafetensors(file);
        // The independent reader must agree.
        for (const [name, { shape, bytes: raw }] of Object.entries(readPlainly(file))) {
          expect(tensors[name]?.shape).toEqual(shape);
          expect(raw.length % Math.max(1, tensors[name]?.data.length ?? 0)).toBe(0);
        }
        read++;
      } catch (error) {
        expect((error as Error).message).toMatch(/^readSafetensors: /);
        expect((error as Error).message.length).toBeLessThan(400);
        expect((error as Error).message).not.toMatch(/\p{Cc}/u);
        rejected++;
      }
    },
  );
  fc.assert(law, { seed, numRuns: 10_000 });
  expect(read).toBeGreaterThan(50);
  expect(rejected).toBeGreaterThan(2000);
});

const python = process.env.POSETAPE_PYTHON ?? 'python3';
const hasLibrary = spawnSync(python, ['-c', 'import safetensors, numpy']).status === 0;

test.skipIf(!hasLibrary)('Python’s safetensors reads our files, and we read its files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'posetape-safetensors-'));
  const [ours, theirs] = [join(folder, 'ours'), join(folder, 'theirs')];
  const original = {
    'a.w': tensor([
      [1.5, -0],
      [1e-310, 1 / 3],
    ]),
    b: tensor(Float32Array.of(0.1, 3e38)),
    c: tensor(Int32Array.of(-7)) as Tensor,
    d: tensor(2),
    none: tensor(new Float64Array(), [0, 3]),
  };
  try {
    writeFileSync(ours, writeSafetensors(original, { metadata: { format: 'pt', é: '"' } }));
    const program = `
import sys, numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
ours = load_file(sys.argv[1])
with safe_open(sys.argv[1], 'np') as f: about = f.metadata()
assert about == {'format': 'pt', 'é': '"'}, about
more = {'half': np.array([1, -2, 65504, 6e-8], np.float16), 'long': np.array([[2**53 - 1], [-5]], np.int64), 'flag': np.array([True, False]), 'byte': np.array([200], np.uint8)}
save_file({**ours, **more}, sys.argv[2], about)
`;
    const { status, stderr } = spawnSync(python, ['-c', program, ours, theirs], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const { tensors: back, metadata: about } = readSafetensors(readFileSync(theirs));
    expect(about).toEqual({ format: 'pt', é: '"' });
    for (const [name, { data, shape }] of Object.entries(original)) {
      expect(back[name]?.shape).toEqual(shape);
      expect(bytesOf((back[name] as Tensor).data)).toEqual(bytesOf(data));
    }
    expect(back.half?.data).toEqual(Float32Array.of(1, -2, 65504, 2 ** -24));
    expect(back.long).toEqual(tensor([[2 ** 53 - 1], [-5]]));
    expect(back.flag?.data).toEqual(Int32Array.of(1, 0));
    expect(back.byte?.data).toEqual(Int32Array.of(200));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
