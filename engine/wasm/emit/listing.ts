import type { Code, FunctionBuilder } from './code.ts';

/**
 * Text of a function in the folded form of WebAssembly's text format: each instruction in brackets with its operands,
 * one line per statement, loops named after their counters.
 */
export function listed({ name, params, locals, body }: FunctionBuilder): string {
  const declared = (word: string, list: FunctionBuilder['params']) =>
    list.map(local => ` (${word} $${local.name} ${local.type})`).join('');
  const head = `(func $${name}${declared('param', params)}`;
  const variables = declared('local', locals);
  return `${head}${variables && `\n `}${variables}\n${lines(body, '  ')})`;
}

function lines(body: readonly Code[], indent: string): string {
  return body.map(code => line(code, indent)).join('\n');
}

function line(code: Code, indent: string): string {
  switch (code.kind) {
    case 'loop':
      return `${indent}(loop $${code.name}\n${lines(code.body, `${indent}  `)})`;
    case 'if':
      return `${indent}(if ${text(code.condition)} (then\n${lines(code.then, `${indent}  `)}))`;
    default:
      return `${indent}${text(code)}`;
  }
}

function text(code: Code): string {
  const args = 'args' in code ? code.args.map(arg => ` ${text(arg)}`).join('') : '';
  switch (code.kind) {
    case 'plain':
      return `(${code.op}${args})`;
    case 'memory': {
      const offset = code.offset === 0 ? '' : ` offset=${code.offset}`;
      return `(${code.op}${offset}${code.lane === undefined ? '' : ` ${code.lane}`}${args})`;
    }
    case 'lane':
      return `(${code.op} ${code.lane}${args})`;
    case 'shuffle':
      return `(i8x16.shuffle ${code.lanes.flatMap(lane => [0, 1, 2, 3].map(byte => 4 * lane + byte)).join(' ')}${args})`;
    case 'number':
      return `(${code.type}.const ${code.number})`;
    case 'vector':
      return `(v128.const ${code.text})`;
    case 'get':
      return `(local.get $${code.local.name})`;
    case 'set':
      return `(local.set $${code.local.name} ${text(code.value)})`;
    case 'call':
      return `(call $${code.name}${args})`;
    case 'again':
      return `(br_if $${code.name} ${text(code.condition)})`;
    default:
      return '';
  }
}
