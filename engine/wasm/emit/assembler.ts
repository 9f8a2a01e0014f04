import type { Code, FunctionBuilder, Local, Type } from './code.ts';
import { opcodes } from './opcodes.ts';

/** The byte that encodes each type. */
const types: Record<Type, number> = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b };
/** The byte that encodes each kind of section. */
const sections = { type: 1, import: 2, function: 3, export: 7, code: 10 };

/** A function, with its locals and code as bytes. */
export interface Encoded {
  readonly builder: FunctionBuilder;
  readonly body: Uint8Array;
}

/**
 * The bytes of a module that imports one memory, and functions that take and return one float64. It exports each of its
 * own functions under its name (https://webassembly.github.io/spec/core/binary/modules.html).
 */
export function assembled(
  functions: readonly Encoded[],
  imports: readonly string[],
): Uint8Array<ArrayBuffer> {
  const signatures: string[] = ['f64>f64'];
  const signatureBytes: number[][] = [[0x60, 1, types.f64, 1, types.f64]];
  const signatureOf = ({ builder: { params } }: Encoded) => {
    const key = params.map(({ type }) => type).join();
    let at = signatures.indexOf(key);
    if (at < 0) {
      at = signatures.push(key) - 1;
      signatureBytes.push([0x60, ...unsigned(params.length), ...params.map(({ type }) => types[type]), 0]);
    }
    return unsigned(at);
  };
  const signatureIndices = functions.map(signatureOf);
  const bytes = new Bytes();
  // The magic number, and version 1.
  bytes.push(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  const section = (id: number, items: readonly (readonly number[] | Uint8Array)[]) => {
    const count = unsigned(items.length);
    const length = items.reduce((sum, item) => sum + item.length, count.length);
    bytes.push(id, ...unsigned(length), ...count);
    for (const item of items) bytes.append(item);
  };
  section(sections.type, signatureBytes);
  section(sections.import, [
    ...imports.map(name => [...text('math'), ...text(name), 0, 0]),
    [...text('arena'), ...text('memory'), 2, 0, 1],
  ]);
  section(sections.function, signatureIndices);
  section(
    sections.export,
    functions.map(({ builder }, i) => [...text(builder.name), 0, ...unsigned(imports.length + i)]),
  );
  section(
    sections.code,
    functions.map(({ body }) => {
      const length = unsigned(body.length);
      const entry = new Uint8Array(length.length + body.length);
      entry.set(length);
      entry.set(body, length.length);
      return entry;
    }),
  );
  return bytes.copy();
}

/** Encodes a function, which may call only the imports. The bytes contain neither its name nor its parameters. */
export function encoded(builder: FunctionBuilder, imports: readonly string[]): Encoded {
  const { params, locals, body } = builder;
  // Locals are declared in groups of one type.
  const sorted = locals.toSorted((a, b) => types[a.type] - types[b.type]);
  const runs: [count: number, type: number][] = [];
  for (const { type } of sorted) {
    const run = runs.at(-1);
    if (run?.[1] === types[type]) run[0]++;
    else runs.push([1, types[type]]);
  }
  const bytes = new Bytes();
  bytes.unsigned(runs.length);
  for (const [count, type] of runs) {
    bytes.unsigned(count);
    bytes.push(type);
  }
  const localIndices = new Map([...params, ...sorted].map((local, index) => [local, index] as const));
  const encoder = new Encoder(bytes, localIndices, imports);
  for (const code of body) encoder.write(code);
  // The instruction `end`.
  bytes.push(0x0b);
  return { builder, body: bytes.copy() };
}

/** Writes code as bytes. */
class Encoder {
  readonly #bytes: Bytes;
  readonly #locals: ReadonlyMap<Local, number>;
  readonly #imports: readonly string[];
  /** The enclosing blocks, innermost last. */
  readonly #blocks: string[] = [];

  constructor(bytes: Bytes, locals: ReadonlyMap<Local, number>, imports: readonly string[]) {
    this.#bytes = bytes;
    this.#locals = locals;
    this.#imports = imports;
  }

  write(code: Code): void {
    const bytes = this.#bytes;
    if ('args' in code) for (const arg of code.args) this.write(arg);
    switch (code.kind) {
      case 'plain':
        bytes.opcode(...opcodes.plain[code.op]);
        return;
      case 'memory': {
        const { opcode, align } = opcodes.memory[code.op];
        bytes.opcode(...opcode);
        bytes.unsigned(align);
        bytes.unsigned(code.offset);
        if (code.lane !== undefined) bytes.byte(code.lane);
        return;
      }
      case 'lane':
        bytes.opcode(...opcodes.lane[code.op]);
        bytes.byte(code.lane);
        return;
      case 'shuffle':
        bytes.push(0xfd, 13);
        for (const lane of code.lanes) for (let byte = 0; byte < 4; byte++) bytes.push(4 * lane + byte);
        return;
      case 'number':
        this.#number(code.type, code.number);
        return;
      case 'vector':
        bytes.push(0xfd, 12);
        bytes.append(code.bytes);
        return;
      case 'get':
        this.#local(0x20, code.local);
        return;
      case 'set':
        this.write(code.value);
        this.#local(0x21, code.local);
        return;
      case 'call':
        bytes.push(0x10);
        bytes.unsigned(this.#imports.indexOf(code.name));
        return;
      case 'loop':
        this.#block(0x03, code.name, code.body);
        return;
      case 'again':
        this.write(code.condition);
        bytes.push(0x0d);
        bytes.unsigned(this.#blocks.length - 1 - this.#blocks.lastIndexOf(code.name));
        return;
      case 'if':
        this.write(code.condition);
        this.#block(0x04, '', code.then);
    }
  }

  #block(opcode: number, name: string, body: readonly Code[]): void {
    // 0x40 is a block without a result, and 0x0b the instruction `end`.
    this.#bytes.push(opcode, 0x40);
    this.#blocks.push(name);
    for (const statement of body) this.write(statement);
    this.#blocks.pop();
    this.#bytes.push(0x0b);
  }

  #local(opcode: number, local: Local): void {
    this.#bytes.push(opcode);
    this.#bytes.unsigned(this.#locals.get(local) as number);
  }

  #number(type: 'i32' | 'f32' | 'f64', number: number): void {
    if (type === 'i32') {
      this.#bytes.push(0x41, ...signed(number));
    } else {
      const array = type === 'f32' ? Float32Array.of(number) : Float64Array.of(number);
      this.#bytes.push(type === 'f32' ? 0x43 : 0x44);
      this.#bytes.append(new Uint8Array(array.buffer));
    }
  }
}

/** A growing array of bytes. */
class Bytes {
  #bytes = new Uint8Array(4096);
  #length = 0;

  push(...bytes: readonly number[]): void {
    for (const byte of bytes) this.byte(byte);
  }

  byte(byte: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#length++] = byte;
  }

  append(bytes: readonly number[] | Uint8Array): void {
    this.#grow(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Writes a number in LEB128: groups of seven bits, the lowest first. */
  unsigned(number: number): void {
    let rest = number;
    for (; rest > 0x7f; rest >>>= 7) this.byte((rest & 0x7f) | 0x80);
    this.byte(rest);
  }

  /** Writes an opcode: a byte, or a prefix and a number. */
  opcode(first: number, second?: number): void {
    this.byte(first);
    if (second !== undefined) this.unsigned(second);
  }

  copy(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  #grow(by: number): void {
    const least = this.#length + by;
    if (least <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * least);
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

/** A number in LEB128. */
function unsigned(number: number): number[] {
  const bytes = new Bytes();
  bytes.unsigned(number);
  return [...bytes.copy()];
}

/** A signed number in LEB128. */
function signed(number: number): number[] {
  const bytes: number[] = [];
  for (let rest = number | 0; ; rest >>= 7) {
    const byte = rest & 0x7f;
    // Stop when the remaining bits all equal the sign bit of the last group.
    if (rest >> 6 === 0 || rest >> 6 === -1) {
      bytes.push(byte);
      return bytes;
    }
    bytes.push(byte | 0x80);
  }
}

/** A name: its length, then its bytes in UTF-8. */
function text(name: string): number[] {
  const bytes = new TextEncoder().encode(name);
  return [...unsigned(bytes.length), ...bytes];
}
