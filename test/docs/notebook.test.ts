import { spawnSync } from 'node:child_process';
import { transform } from 'esbuild';
import { expect, test } from 'vitest';
import { moduleOf, readNotebook, withOutputs } from '../support/notebook.ts';

const path = 'examples/notebook/poses.ipynb';

test('examples/notebook/poses.ipynb shows what its cells print, run in order', async () => {
  const notebook = readNotebook(path);
  const { code } = await transform(moduleOf(notebook), { loader: 'ts', format: 'esm' });
  const node = ['--import', 'tsx', '--conditions=posetape:source', '--input-type=module'];
  const { status, stdout, stderr } = spawnSync(process.execPath, node, { input: code, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  await expect(withOutputs(notebook, stdout)).toMatchFileSnapshot(`../../${path}`);
});
