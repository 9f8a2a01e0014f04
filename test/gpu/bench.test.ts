import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { useSoftwareDriver } from './driver.ts';

useSoftwareDriver();

test('the benchmark of gpu() runs: the results of all backends in Node agree, and it writes its report', () => {
  const folder = mkdtempSync(join(tmpdir(), 'posetape-test-'));
  try {
    const out = join(folder, 'gpu.md');
    const words = ['bench/gpu.ts', '--quick', '--rounds', '1', '--out', out];
    const args = ['node_modules/tsx/dist/cli.mjs', '--conditions=posetape:source', ...words];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('10 pairs') });
    const rows = readFileSync(out, 'utf8').match(/^\| (?:10 pairs|3 layers|message passing).*$/gm) ?? [];
    expect(rows.length).toBe(6);
    // The columns are θ, values per tape, poses per tape, and microseconds by WebGPU, webasm, jit and wasm.
    for (const row of rows) expect(row).toMatch(/\|(?: +[\d.,]+ +\|){7}/);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 300_000);
