// npm run docs: writes docs/reference.md from the doc blocks of all exports. A test checks that it is up to date.
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { command } from '../bench/support/command.ts';

const entries = [
  { name: 'posetape', index: 'engine/index.ts' },
  { name: 'posetape/ops', index: 'ops/index.ts' },
  { name: 'posetape/combine', index: 'combine/index.ts' },
  { name: 'posetape/fit', index: 'fit/index.ts' },
  { name: 'posetape/parallel', index: 'parallel/index.ts' },
  { name: 'posetape/wasm', index: 'engine/wasm/index.ts' },
  { name: 'posetape/gpu', index: 'engine/gpu/index.ts' },
];
export const path = 'docs/reference.md';

/** An export of an entry, as declared in its source. */
interface Declared {
  readonly name: string;
  readonly kind: string;
  /** The doc block's text, line by line. */
  readonly doc: readonly string[];
  /** The source from the name to the end of the parameters, or of the members in braces. */
  readonly source: string;
}

/** The whole reference as Markdown. */
export function reference(): string {
  const seen = new Set<string>();
  const parts = entries.map(({ name, index }) => {
    const declared = declaredBy(index).filter(
      each => !seen.has(each.name) || each.kind === 'const' || each.kind === 'function',
    );
    for (const each of declared) seen.add(each.name);
    const callable = declared.filter(({ kind }) => kind === 'function' || kind === 'const');
    const records = declared.filter(({ kind }) => kind === 'interface' || kind === 'class');
    const rest = declared.filter(({ kind }) => kind === 'type');
    return [
      `## \`${name}\``,
      table(
        ['', ''],
        callable.map(each => [`\`${headOf(each)}\``, summaryOf(each.doc)]),
      ),
      ...records.map(each =>
        [`### \`${each.name}\``, summaryOf(each.doc), table(['', ''], membersOf(each.source))].join('\n\n'),
      ),
      ...(rest.length > 0 ? [rest.map(each => `- \`${each.name}\`: ${summaryOf(each.doc)}`).join('\n')] : []),
    ].join('\n\n');
  });
  return `${[
    '# Reference',
    'All exports of each entry, with the beginning of their doc blocks. The full blocks, which an editor shows, have shapes, units, errors, sources and examples. Written by `npm run docs`.',
    ...parts,
  ].join('\n\n')}\n`;
}

function declaredBy(index: string): Declared[] {
  const source = readFileSync(index, 'utf8');
  return [...source.matchAll(/export (type )?\{([^}]*)\} from '([^']+)'/g)].flatMap(
    ([, , names = '', from = '']) => {
      const file = join(dirname(index), from);
      return names
        .split(',')
        .map(name => name.replace(/^\s*type /, '').trim())
        .filter(name => name !== '')
        .map(name => declarationOf(name, file));
    },
  );
}

/** @throws Error for an export that has no doc block */
function declarationOf(name: string, file: string): Declared {
  const source = readFileSync(file, 'utf8');
  const pattern = new RegExp(
    `export (?:async )?(?:abstract )?(function|const|class|interface|type)\\*? (${name})\\b`,
  );
  const found = pattern.exec(source);
  if (!found) {
    const onward = new RegExp(`export [^;]*\\b${name}\\b[^;]* from '([^']+)'`).exec(source);
    if (onward) return declarationOf(name, join(dirname(file), onward[1] as string));
    throw new Error(`${file} does not declare ${name}`);
  }
  const before = source.slice(0, found.index);
  const doc = before.endsWith('*/\n') ? before.slice(before.lastIndexOf('/**') + 3, -3) : '';
  if (doc === '') throw new Error(`${file}: ${name} has no doc block`);
  return {
    name,
    kind: found[1] as string,
    doc: doc.split('\n').map(line => line.replace(/^\s*\*? ?/, '').trimEnd()),
    source: source.slice(found.index + found[0].length),
  };
}

/** `name(a, axis, keepDims)`, with a question mark after optional parameters. */
function headOf({ name, kind, source }: Declared): string {
  if (kind === 'const') {
    const type = /^: (\w+)/.exec(source)?.[1] ?? '';
    const operands = { Unary: 'a', Binary: 'a, b', Ternary: 'condition, yes, no' }[type];
    return `${name}(${operands ?? 'a'})`;
  }
  const parameters = splitAtCommas(between(source.slice(source.indexOf('(')), '(', ')'));
  const names = parameters.map(parameter => {
    const [own = ''] = parameter.split(/[:=]/);
    const isOptional = own.includes('?') || parameter.includes(' = ');
    return `${own.replace('?', '').trim()}${isOptional ? '?' : ''}`;
  });
  return `${name}(${names.join(', ')})`;
}

/** The public fields and methods of an interface or a class, with their doc blocks. */
function membersOf(source: string): string[][] {
  const members: string[][] = [];
  let doc: string[] = [];
  for (const line of between(source.slice(source.indexOf('{')), '{', '}').split('\n')) {
    const said = /^ {2}(?: \*|\/\*\*) ?(.*?)(?:\*?\/)?$/.exec(line);
    const member = /^ {2}(?:readonly |get |static )*(\w+\??)(?:(: .*?)(?: = .*)?;$|[:(<])/.exec(line);
    if (said) doc.push(said[1] as string);
    else {
      const [, name = '', type = ''] = member ?? [];
      const shown = oneLine([`\`${name}${type}\``]);
      if (member && name !== 'constructor') members.push([shown, summaryOf(doc)]);
      doc = [];
    }
  }
  return members;
}

/** The text between its first character, an opening bracket, and the matching closing bracket. */
function between(text: string, open: string, close: string): string {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === open) depth++;
    if (text[i] === close && --depth === 0) return text.slice(1, i);
  }
  return '';
}

function splitAtCommas(text: string): string[] {
  const parts = [''];
  let depth = 0;
  // The > of an arrow is not a bracket.
  for (const character of text.replaceAll('=>', '→')) {
    if ('([{<'.includes(character)) depth++;
    if (')]}>'.includes(character)) depth--;
    if (character === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts.map(part => part.trim()).filter(part => part !== '');
}

/** The first paragraph. */
function summaryOf(doc: readonly string[]): string {
  const first = doc.findIndex(line => line !== '');
  const end = doc.findIndex((line, i) => i > first && (line === '' || line.startsWith('@')));
  // Drop an unfinished sentence that introduces a formula below.
  return oneLine(doc.slice(first, end < 0 ? undefined : end)).replace(/(?<=[.)]) [^.]*[,:]$/, '');
}

function oneLine(lines: readonly string[]): string {
  return lines
    .join(' ')
    .replaceAll(/\{@link ([^}]+)\}/g, '`$1`')
    .replaceAll(/\s+/g, ' ')
    .replaceAll('|', '\\|')
    .trim();
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const about = {
    does: 'Writes the reference of all exports, from their doc blocks.',
    takes: 'a second',
    writes: path,
  };
  command('docs', about).parse();
  await writeFile(path, reference());
  console.log(path);
}
