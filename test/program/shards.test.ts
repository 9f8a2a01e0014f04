import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Command } from 'commander';
import fc from 'fast-check';
import { mean } from 'posetape/combine';
import { afterAll, describe, expect, test } from 'vitest';
import { uniform } from '../../fit/random.ts';
import type { Context } from '../../program/command/subcommand.ts';
import { compoundsIn } from '../../program/score/compounds.ts';
import { declareScore, scoreOptions } from '../../program/score/options.ts';
import { Cutting, withSizes } from '../../program/shard/cutting.ts';
import { runShard, type ShardOptions } from '../../program/shard/run.ts';
import { type Node, type Part, sumOf, Tree } from '../../program/shard/tree.ts';
import { run, start } from '../support/program.ts';
import { property } from '../support/property.ts';

const data = (name: string) =>
  fileURLToPath(new URL(`../../examples/vina/data/imatinib-abl/${name}`, import.meta.url));
const receptor = data('pocket.pdbqt');
const models = readFileSync(data('poses.pdbqt'), 'utf8').split(/(?=^MODEL)/m);
const folder = mkdtempSync(join(tmpdir(), 'posetape-shards-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

/** Poses `from` to `to` of the example, counted from 1. */
const someModels = (from: number, to: number) => models.slice(from - 1, to).join('');
const bad =
  'MODEL 99\nATOM      1  C1  LIG A   7       x.000   2.250 100.125  1.00  0.00     0.014 C\nENDMDL\n';
const far = models[0]?.replace(/^((?:ATOM {2}|HETATM).{24}).{8}/gm, '$1-999.000') as string;

/** Folder of files of one compound each. `b` has a bad pose, `c` is compressed, and `d` is far from the receptor. */
const docked = join(folder, 'docked');
file('docked/a.pdbqt', someModels(1, 13));
file('docked/b.pdbqt', someModels(14, 15) + bad + someModels(16, 17));
// The file is compressed, although its name does not end with .gz.
file('docked/c.pdbqt', gzipSync(someModels(18, 23)));
file('docked/d.pdbqt', far);
file('docked/e.pdbqt', someModels(24, 24));

let runs = 0;
/** Runs `score` in `n` shards, on `docked` or with the arguments `argv`, and returns the state files. */
async function shardsOf(n: number, chunk: number, ...argv: string[]): Promise<string[]> {
  const states: string[] = [];
  runs++;
  for (let i = 1; i <= n; i++) {
    const state = join(folder, `${runs}-${i}.json`);
    const shard = ['--shard', `${i}/${n}`, '--chunk', String(chunk), '--state', state];
    const { code } = await run([...(argv.length > 0 ? argv : [docked, '--receptor', receptor]), ...shard]);
    expect([0, 3]).toContain(code);
    states.push(state);
  }
  return states;
}

const merge = (states: readonly string[], ...argv: string[]) => run(['merge', ...states, ...argv]);

interface Compound {
  readonly name: string;
  readonly poses: number;
  readonly value: number;
  readonly best: { readonly pose: number; readonly score: number };
  readonly gradient: Readonly<Record<string, number>>;
}

interface MergeOutput {
  readonly compounds: readonly Compound[];
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

async function merged(states: readonly string[], ...argv: string[]): Promise<MergeOutput> {
  const { stdout } = await merge(states, '--json', ...argv);
  const { compounds, skipped } = JSON.parse(stdout) as MergeOutput;
  return { compounds, skipped };
}

describe('merge of shards', () => {
  test('gives the same bits for any number of shards, in any order', async () => {
    const whole = await merged(await shardsOf(1, 3));
    expect(whole.compounds.map(({ name, poses }) => [name, poses])).toEqual([
      ['a', 13],
      ['b', 4],
      ['c', 6],
      ['e', 1],
    ]);
    for (const n of [2, 3, 5, 8, 40]) {
      const states = await shardsOf(n, 3);
      expect(await merged(states.reverse())).toEqual(whole);
    }
  });

  test('gives the result of a run without shards', async () => {
    const { stdout } = await run([docked, '--receptor', receptor, '--json']);
    const uncut = JSON.parse(stdout) as MergeOutput;
    const cut = await merged(await shardsOf(2, 4));
    expect(cut.skipped.map(({ reason }) => reason).sort()).toEqual(
      uncut.skipped.map(({ reason }) => reason).sort(),
    );
    for (const [i, compound] of uncut.compounds.entries()) {
      const { name, poses, best } = compound;
      const fromShards = cut.compounds[i] as Compound;
      expect(fromShards).toMatchObject({ name, poses, best: { pose: best.pose } });
      expect(fromShards.value).toBeCloseTo(compound.value, 12);
      for (const [parameter, slope] of Object.entries(compound.gradient))
        expect(fromShards.gradient[parameter]).toBeCloseTo(slope, 10);
    }
  });

  test('groups records of an SDF by name across chunks', async () => {
    const line = models[0]?.split('\n').find(line => /^(?:ATOM|HETATM)/.test(line)) as string;
    const [x, y, z] = [30, 38, 46].map(from => Number(line.slice(from, from + 8))) as [
      number,
      number,
      number,
    ];
    const atom = (dx: number) =>
      `${[x + dx, y, z].map(value => value.toFixed(4).padStart(10)).join('')} C   0\n`;
    const record = (name: string, dx: number) =>
      `${name}\n\n\n  2  1  0  0  0  0  0  0  0  0999 V2000\n${atom(dx)}${atom(dx + 1.5)}  1  2  1  0\nM  END\n$$$$\n`;
    const names = ['A', 'A', 'A', 'B', 'A', 'B', 'B', 'B', 'B', 'C'];
    const sdf = file('names.sdf', names.map((name, i) => record(name, i / 10)).join(''));
    const argv = [sdf, '--receptor', receptor, '--scorer', 'schnet', '--hidden', '4', '--interactions', '1'];
    const whole = await merged(await shardsOf(1, 2, ...argv));
    expect(whole.compounds.map(({ name, poses }) => [name, poses])).toEqual([
      ['A', 4],
      ['B', 5],
      ['C', 1],
    ]);
    expect(await merged(await shardsOf(3, 2, ...argv))).toEqual(whole);
  });

  test('computes the loss for a target, and writes sums that it can merge again', async () => {
    const states = await shardsOf(2, 5);
    const all = join(folder, 'all.json');
    const [plain] = (await merged(states, '--state', all)).compounds as [Compound];
    expect((await merged([all])).compounds[0]).toEqual(plain);
    const [withTarget] = (await merged(states, '--target', '-9')).compounds as [Compound & { loss: number }];
    expect(withTarget.loss).toBeCloseTo((plain.value + 9) ** 2, 10);
  });

  test('reports each skipped molecule once', async () => {
    const { code, stderr } = await merge(await shardsOf(3, 3));
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /^skipped b, pose 3: .*line \d+: expected x[^\n]*\nskipped d: .*no pose comes within[^\n]*\n$/,
    );
  });
});

describe('score --shard', () => {
  const few = file('few.pdbqt', someModels(1, 6));
  const argv = [few, '--receptor', receptor];
  const shard = (state: string, ...more: string[]) =>
    run([...argv, '--shard', '2/2', '--chunk', '2', '--state', state, ...more]);

  test('does not score again if its state file is complete', async () => {
    const state = join(folder, 'resumed.json');
    expect(await shard(state)).toMatchObject({
      code: 0,
      stdout: `shard 2/2: 2 poses of 1 compound in ${state}\n`,
    });
    const before = { text: readFileSync(state, 'utf8'), written: statSync(state).mtimeMs };
    expect(await shard(state)).toMatchObject({
      code: 0,
      stdout: `shard 2/2: done before, 2 poses of 1 compound in ${state}\n`,
    });
    expect({ text: readFileSync(state, 'utf8'), written: statSync(state).mtimeMs }).toEqual(before);
  });

  test('rejects and keeps a state file that is damaged or of another run', async () => {
    const state = join(folder, 'whole.json');
    await shard(state);
    const text = readFileSync(state, 'utf8');
    const cases: [string, string, string[], RegExp][] = [
      ['cut', text.slice(0, text.length / 2), [], /expected JSON that score --state wrote/],
      ['foreign', '{"kind":"x"}', [], /expected what score --shard --state wrote, found something else/],
      ['number', '7', [], /found something else/],
      ['altered', text.replace('"poses":2', '"poses":3'), [], /checksum does not match/],
      ['altered sums', text.replace(/"scalars":"./, '"scalars":"9'), [], /checksum does not match/],
      ['other kT', text, ['--kT', '2'], /another run: its combination differs/],
      ['other chunk', text, ['--chunk', '3'], /another run: its chunk size differs/],
      ['other shard', text, ['--shard', '1/2'], /found sums of shard 2, expected those of shard 1/],
      ['other number', text, ['--shard', '2/3'], /its number of shards differs/],
      [
        'other receptor',
        text,
        ['--receptor', file('r.pdbqt', `${readFileSync(receptor, 'utf8')}\n`)],
        /its receptor differs/,
      ],
      ['other files', text, [file('more.pdbqt', someModels(7, 7))], /its list of files of poses differs/],
    ];
    for (const [name, content, more, message] of cases) {
      const damaged = file(`${name}.json`, content);
      const { code, stdout, stderr } = await shard(damaged, ...more);
      expect({ name, code, stdout }).toEqual({ name, code: 1, stdout: '' });
      expect(stderr).toMatch(message);
      expect(stderr).toContain(`error: ${damaged}: `);
      expect(stderr).toContain('move the file away');
      expect(readFileSync(damaged, 'utf8')).toBe(content);
    }
  });

  test('rejects a state file if its poses have changed since', async () => {
    const state = join(folder, 'changed.json');
    const poses = file('changing.pdbqt', someModels(1, 2));
    const again = () => run([poses, '--receptor', receptor, '--shard', '1/1', '--state', state]);
    expect((await again()).code).toBe(0);
    writeFileSync(
      poses,
      readFileSync(poses, 'utf8').replace(/(\d)(?=.{24} C)/, digit => String((+digit + 1) % 10)),
    );
    expect((await again()).stderr).toContain(`${state}: found sums of poses that have changed`);
  });

  test('writes to an empty state file, such as mktemp makes', async () => {
    expect((await shard(file('made.json', ''))).stdout).toMatch(/^shard 2\/2: 2 poses/);
  });

  test('leaves no temporary file beside the state file', async () => {
    expect(readdirSync(folder).filter(name => name.endsWith('.tmp'))).toEqual([]);
  });

  test('rejects a state file with any one bit flipped', async () => {
    const text = readFileSync(join(folder, 'resumed.json'));
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 2), fc.nat(6), async (at, bit) => {
        const flipped = Buffer.from(text);
        flipped[at] = (flipped[at] as number) ^ (1 << bit);
        const { code, stderr } = await shard(file('flipped.json', flipped));
        expect(code).toBe(1);
        expect(stderr).toContain('flipped.json: ');
      }),
      { numRuns: 20 },
    );
  });
});

describe('an interrupted shard', () => {
  /** SDF record of two carbons. It is bad if `count`, its number of atoms, is not a number. */
  const record = (name: string, dx: number, count = '  2') =>
    `${name}\n\n\n${count}  1  0  0  0  0  0  0  0  0999 V2000\n${[0, 1.5]
      .map(offset => `${[dx + offset, 0, 0].map(value => value.toFixed(4).padStart(10)).join('')} C   0  0\n`)
      .join('')}  1  2  1  0\nM  END\n$$$$\n`;
  const sdf = file(
    'broken/x.sdf',
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
      .map(n => record(n % 4 === 1 ? '' : `c${Math.ceil(n / 3)}`, n, n % 4 === 1 ? 'bad' : '  2'))
      .join(''),
  );
  const pocket = file(
    'broken/pocket.pdb',
    'ATOM      1  CA  ALA A   1       4.000   2.000   1.000  1.00  0.00           C\n',
  );
  const sizes = '--scorer schnet --hidden 4 --interactions 1 --neighbours 4 --cutoff 8 --pocket 8'.split(' ');

  // There are two shards. The first one reads the first file and a part of the second file.
  const others = ['y.sdf', 'z.sdf'].map(name => sdf.replace('x.sdf', name));

  test.each([
    ['PDBQT', [docked, '--receptor', receptor], '3'],
    ['SDF by a network', [sdf, ...others, '--receptor', pocket, ...sizes], '2'],
  ])('resumes to the same bits from any pose: %s', async (name, args, chunk) => {
    for (const other of others) writeFileSync(other, readFileSync(sdf));
    const options = (state: string, ...more: string[]) => {
      const command = new Command();
      declareScore(command);
      const shard = ['--shard', '1/2', '--chunk', chunk, '--state', state, ...more];
      command.exitOverride().parse([...args, ...shard], { from: 'user' });
      return scoreOptions(command) as ShardOptions;
    };
    const controllers: AbortController[] = [];
    /** Runs the shard, interrupts it at pose `stop`, and returns what it printed. */
    const runUntil = async (shardOptions: ShardOptions, stop: number): Promise<string> => {
      const controller = new AbortController();
      controllers.push(controller);
      let [shown, text] = [0, ''];
      const context: Context = {
        async write(printed) {
          text += printed;
        },
        ...{ isStyled: false, warn() {}, signal: controller.signal, breathe: () => undefined },
        unguarded: work => work(),
        progress: { show: () => ++shown === stop && controller.abort(new Error('stopped')), stop() {} },
      };
      await runShard(shardOptions, context).catch((error: Error) => expect(error.message).toBe('stopped'));
      return text;
    };
    const whole = join(folder, `${name} whole.json`);
    const summary = await runUntil(options(whole), Number.POSITIVE_INFINITY);
    const poses = Number(/(\d+) poses/.exec(summary)?.[1]);
    expect(poses).toBeGreaterThan(6);
    const expected = readFileSync(whole);
    let resumed = 0;
    for (let first = 1; first <= poses; first++) {
      const state = join(folder, `${name} ${first}.json`);
      // The shard is interrupted twice, unless it finishes before the second stop.
      await runUntil(options(state, '--save-every', '0'), first);
      await runUntil(options(state, '--save-every', '0'), 1 + (first % 3));
      const end = await runUntil(options(state), Number.POSITIVE_INFINITY);
      if (/resumed after \d+ pose/.test(end)) resumed++;
      expect(readFileSync(state).equals(expected)).toBe(true);
      expect(existsSync(`${state}.partial`)).toBe(false);
    }
    expect(resumed).toBeGreaterThan(poses / 2);
  });

  const argv = [docked, '--receptor', receptor, '--shard', '1/1', '--chunk', '3'];

  test('is rejected by merge, and not resumed if its .partial file is damaged or of another run', async () => {
    const state = join(folder, 'stopped.json');
    const { child, ended } = start(['score', ...argv, '--save-every', '0', '--state', state]);
    await expect.poll(() => existsSync(`${state}.partial`), { interval: 1 }).toBe(true);
    child.kill('SIGKILL');
    await ended;
    const partial = readFileSync(`${state}.partial`, 'utf8');
    expect((await merge([`${state}.partial`])).stderr).toMatch(
      /^error: .*stopped\.json\.partial: found shard 1 unfinished; run its command again to finish it\n$/,
    );
    rmSync(state, { force: true });
    const again = (...more: string[]) => run([...argv, '--state', state, ...more]);
    const damaged = partial.replace(/"poses":(?=\d)/, '"poses":1');
    writeFileSync(`${state}.partial`, damaged);
    expect(await again()).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /stopped\.json\.partial: the checksum does not match.*; to score the shard again, move the file away/,
      ),
    });
    expect(readFileSync(`${state}.partial`, 'utf8')).toBe(damaged);
    writeFileSync(`${state}.partial`, partial);
    expect((await again('--kT', '2')).stderr).toMatch(/stopped\.json\.partial: .*its combination differs/);
    writeFileSync(state, partial);
    expect((await again()).stderr).toMatch(
      /stopped\.json: expected complete sums of the shard, found unfinished ones/,
    );
  });

  test('is not resumed from a foreign FILE.partial, which is rejected before any work, and kept', async () => {
    const again = (state: string, ...more: string[]) => run([...argv, '--state', state, ...more]);
    const done = join(folder, 'done.json');
    expect((await again(done)).code).toBe(3);
    for (const [state, sums] of [
      ['new.json', undefined],
      ['done.json', readFileSync(done)],
    ] as const) {
      const [path, partial] = [join(folder, state), join(folder, `${state}.partial`)];
      for (const content of ['notes of mine', '', '{"kind":"x"}']) {
        file(`${state}.partial`, content);
        const { code, stdout, stderr } = await again(path);
        expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
        expect(stderr).toContain(`error: ${partial}: expected `);
        expect(stderr).toMatch(/; to score the shard again, move the file away\n$/);
        expect(readFileSync(partial, 'utf8')).toBe(content);
      }
      rmSync(partial);
      mkdirSync(partial);
      // Missing poses would also be an error, but the program stops before it looks for them.
      const { code, stderr } = await run([
        ...['nowhere.pdbqt', '--receptor', receptor, '--shard', '1/1', '--state', path],
      ]);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: `error: ${partial}: expected unfinished sums of the shard, found a folder; move it away, or choose another --state\n`,
      });
      expect(statSync(partial).isDirectory()).toBe(true);
      expect(existsSync(path) ? readFileSync(path) : undefined).toEqual(sums);
      rmSync(partial, { recursive: true });
    }
  });

  test('resumes to the same bits after kill -9 at any time', async () => {
    const long = file('long.pdbqt', someModels(1, 64).repeat(12));
    const args = [
      long,
      '--receptor',
      receptor,
      '--shard',
      '1/1',
      '--chunk',
      '16',
      '--save-every',
      '0',
      '--state',
    ];
    const [whole, state] = [join(folder, 'unbroken.json'), join(folder, 'killed.json')];
    expect((await run([...args, whole])).code).toBe(0);
    const random = uniform(7, 0);
    const saved = () => (existsSync(`${state}.partial`) ? readFileSync(`${state}.partial`, 'utf8') : '');
    let kills = 0;
    for (; kills < 5 && !existsSync(state); kills++) {
      const before = saved();
      const { child, ended } = start(['score', ...args, state]);
      // The shard is killed at a random time after it has saved once.
      await expect
        .poll(() => existsSync(state) || saved() !== before, { interval: 5, timeout: 30_000 })
        .toBe(true);
      await sleep(100 * random());
      child.kill('SIGKILL');
      await ended;
    }
    expect(kills).toBeGreaterThan(2);
    expect((await run([...args, state])).stdout).toMatch(/resumed after \d+ poses|done before/);
    expect(readFileSync(state).equals(readFileSync(whole))).toBe(true);
    expect(saved()).toBe('');
  });
});

describe('merge rejects', () => {
  const argv = [file('six.pdbqt', someModels(1, 6)), '--receptor', receptor];
  let states: string[] | undefined;
  const three = async () => {
    states ??= await shardsOf(3, 2, ...argv);
    return states as [string, string, string];
  };

  test('an incomplete set of shards, and names the missing ones', async () => {
    const [first, , third] = await three();
    expect((await merge([first, third])).stderr).toMatch(/^error: shard 2 of 3 is missing: /);
    expect((await merge([third])).stderr).toMatch(/^error: shards 1, 2 of 3 are missing: /);
  });

  test('a shard that is given twice or is of another run', async () => {
    const [first, second, third] = await three();
    const copy = file('copy.json', readFileSync(first));
    expect((await merge([first, copy, second, third])).stderr).toBe(
      `error: ${copy}: it has the same sums as ${first}; each part counts once\n`,
    );
    expect((await merge([first, first])).stderr).toBe(
      `error: ${first}: it is named twice; each part counts once\n`,
    );
    const [, other] = await shardsOf(3, 2, ...argv, '--kT', '1');
    expect((await merge([first, other as string, third])).stderr).toBe(
      `error: ${other}: found another run than in ${first}: its combination differs\n`,
    );
  });

  test('a file that is not a shard', async () => {
    const [first] = await three();
    const state = join(folder, 'plain.json');
    await run([...argv, '--state', state]);
    expect((await merge([first, state])).stderr).toContain(`error: ${state}: expected what score --shard`);
    expect((await merge([join(folder, 'few.pdbqt'), first])).stderr).toContain(
      'expected JSON that score --state wrote',
    );
  });
});

test.each([
  ['--shard without --state', ['--shard', '1/2'], /--shard needs --state/],
  [
    'shard 0 of 2',
    ['--shard', '0/2', '--state', 's'],
    /It must be the number of a part and the number of parts, such as 2\/8/,
  ],
  ['shard 3 of 2', ['--shard', '3/2', '--state', 's'], /It must be the number of a part/],
  ['--chunk without --shard', ['--chunk', '3'], /--chunk needs --shard/],
  ['--terms with --shard', ['--shard', '1/2', '--state', 's', '--terms'], /--terms does not go with --shard/],
  [
    '--json with --shard',
    ['--shard', '1/2', '--state', 's', '--json'],
    /--format does not go with --shard; give it to merge/,
  ],
])('score rejects %s with exit code 2', async (_what, argv, message) => {
  const { code, stdout, stderr } = await run(argv);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(message);
});

describe('cutting files into chunks', () => {
  property(
    'puts each record into exactly one shard, for any chunk size and number of shards',
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 1, max: 9 }),
    async (chunk, n) => {
      const names = readdirSync(docked).sort();
      const files = await withSizes(names.map(name => ({ path: join(docked, name), name })));
      const read: string[] = [];
      for (let number = 1; number <= n; number++) {
        const cutting = new Cutting(files, { number, of: n }, chunk);
        for await (const { name, chunk: at, poses } of compoundsIn(files, 'file', i => cutting.cutter(i))) {
          let size = 0;
          for await (const record of poses) size += 'molecule' in record || 'error' in record ? 1 : 0;
          read.push(`${name} ${at?.file}.${at?.index} ${size}`);
        }
      }
      const expected = [13, 5, 6, 1, 1].flatMap((size, i) =>
        Array.from({ length: Math.ceil(size / chunk) }, (_, index) => {
          const records = Math.min(chunk, size - index * chunk);
          return `${names[i] as string} ${i}.${index} ${records}`;
        }),
      );
      expect(read).toEqual(expected);
    },
  );

  property(
    'merges chunks in the same order wherever the shards begin',
    fc.array(fc.tuple(fc.nat(2), fc.nat(40), fc.double({ min: -9, max: 9, noNaN: true })), {
      minLength: 1,
      maxLength: 60,
    }),
    fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }),
    (drawn, cuts) => {
      const chunks = [...drawn].sort(([f, i], [g, j]) => f - g || i - j);
      const partOf = (score: number): Part => {
        const sums = mean().accumulator();
        sums.add(score, null);
        return { file: 'x', best: { pose: 1, score, file: 'x' }, isNear: true, sums };
      };
      const nodesOf = (shard: typeof chunks): readonly Node[] => {
        const tree = new Tree();
        for (const [fileNumber, index, score] of shard) tree.add(fileNumber, index, partOf(score));
        return tree.nodes();
      };
      const whole = sumOf(nodesOf(chunks));
      // Entries with the same file and index belong to one chunk, so they stay in one shard.
      const key = ([f, i]: (typeof chunks)[number]) => `${f}.${i}`;
      const keys = [...new Set(chunks.map(key))];
      const edges = [0, ...cuts.map(cut => Math.floor(cut * keys.length)).sort((a, b) => a - b), keys.length];
      const nodes = edges.slice(1).flatMap((end, i) => {
        const shard = new Set(keys.slice(edges[i], end));
        return nodesOf(chunks.filter(chunk => shard.has(key(chunk))));
      });
      const cut = sumOf(nodes);
      expect(cut.sums.toJSON()).toEqual(whole.sums.toJSON());
      expect(cut.best).toEqual(whole.best);
      expect(whole.sums.count).toBe(chunks.length);
    },
  );

  test('stores the sums of 997 chunks in fewer than 16 nodes', () => {
    const tree = new Tree();
    for (let index = 3; index < 1000; index++) {
      const sums = mean().accumulator();
      sums.add(index, null);
      tree.add(0, index, { file: 'x', best: { pose: 1, score: index, file: 'x' }, isNear: true, sums });
    }
    expect(tree.nodes().length).toBeLessThan(16);
  });
});
