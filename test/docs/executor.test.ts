import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { plain } from '../../examples/plain-executor.ts';
import { proveExecutor } from '../support/executor-suite.ts';
import { expectFilled } from './page.ts';

proveExecutor('plain()', plain, { precision: 'float64', casesIn: 4 });

/** An exported interface as its file has it, with its doc block. */
function interfaceIn(file: string, name: string): string {
  const source = readFileSync(file, 'utf8');
  const end = source.indexOf(`export interface ${name}`);
  const found = source.slice(source.lastIndexOf('\n/**', end) + 1, source.indexOf('\n}\n', end) + 2);
  expect(found).toContain(`export interface ${name}`);
  return found;
}

test('docs/executor.md shows the executor, its proof, and the interfaces', async () => {
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
