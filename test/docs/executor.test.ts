import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { plain } from '../../examples/plain-executor.ts';
import { proveExecutor } from '../support/executor-suite.ts';
import { expectFilled } from './page.ts';

proveExecutor('plain()', plain, { precision: 'float64', caseDivisor: 4 });

/** Text of an exported interface and its doc block. */
function interfaceIn(file: string, name: string): string {
  const source = readFileSync(file, 'utf8');
  const at = source.indexOf(`export interface ${name}`);
  const text = source.slice(source.lastIndexOf('\n/**', at) + 1, source.indexOf('\n}\n', at) + 2);
  expect(text).toContain(`export interface ${name}`);
  return text;
}

test('docs/executor.md shows the example executor, its test, and the interfaces', async () => {
  const parts = [
    interfaceIn('engine/executor.ts', 'Executor'),
    readFileSync('examples/plain-executor.ts', 'utf8'),
    /^proveExecutor\(.*$/m.exec(readFileSync('test/docs/executor.test.ts', 'utf8'))?.[0],
    interfaceIn('engine/compile/planned.ts', 'Compiler'),
    interfaceIn('engine/compile/planned.ts', 'Machine'),
  ];
  let shown = 0;
  await expectFilled('executor.md', ({ language }) => (language === 'ts' ? parts[shown++] : undefined));
  expect(shown).toBe(parts.length);
});
