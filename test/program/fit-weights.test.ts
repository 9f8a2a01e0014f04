import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { type Tensor, tensor } from 'posetape';
import { readSafetensors, writeSafetensors } from 'posetape/fit';
import { afterAll, describe, expect, test } from 'vitest';
import { vinaWeights } from '../../examples/vina/score.ts';
import { untrained } from '../../program/schnet/model.ts';
import { fromGeometric, toGeometric } from '../../program/weights/geometric.ts';
import { modelFromJson } from '../../program/weights/json.ts';
import { readModel } from '../../program/weights/read.ts';
import { modelFromSafetensors, modelToSafetensors } from '../../program/weights/safetensors.ts';
import { run } from '../support/program.ts';
import { property } from '../support/property.ts';

const folder = mkdtempSync(join(tmpdir(), 'posetape-weights-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

const settings = {
  ...{ hidden: 4, gaussians: 5, interactions: 1, cutoff: 4 },
  ...{ neighbours: 3, pocket: 6, delta: true },
};
const { weights } = untrained(settings, 5);
const pooling = { combination: 'boltzmann', kT: 0.7, t: 1, q: 1 } as const;
const model = { scorer: 'schnet', settings, weights, pooling, offset: tensor(0.1) } as const;
const bytes = modelToSafetensors(model);

describe('models in safetensors', () => {
  test('are read back bit for bit', () => {
    expect(modelFromSafetensors(bytes, 'm')).toEqual(model);
    const vina = { scorer: 'vina', weights: vinaWeights() } as const;
    expect(modelFromSafetensors(modelToSafetensors(vina), 'm')).toEqual(vina);
  });

  test('are rejected if damaged or if settings are absurd, by errors that name the file and the reason', () => {
    const read = (file: Uint8Array) => () => modelFromSafetensors(file, 'm.safetensors');
    for (const length of [0, 7, 100, bytes.length - 1]) {
      expect(read(bytes.slice(0, length))).toThrow(
        /^m\.safetensors: (?:not a safetensors file|invalid header in the safetensors file): /,
      );
    }
    /** Returns a function that reads the model with other metadata and tensors. */
    const readWith = (
      metadata: Record<string, string>,
      edit: (tensors: Record<string, Tensor>) => void = () => {},
    ) => {
      const file = readSafetensors(bytes);
      edit(file.tensors);
      return read(writeSafetensors(file.tensors, { metadata: { ...file.metadata, ...metadata } }));
    };
    expect(readWith({ scorer: 'gold' })).toThrow(
      'expected a model that fit wrote, with vina or schnet as scorer in its metadata',
    );
    expect(readWith({ settings: '{' })).toThrow('expected settings in its metadata to be JSON');
    expect(readWith({ pooling: '{"combination":"best"}' })).toThrow('expected a pooling in its metadata');
    for (const [name, value] of [
      ['interactions', 1e7],
      ['hidden', 1e9],
      ['gaussians', 1e12],
      ['hidden', 5],
      ['interactions', 1.5],
      ['cutoff', -1],
    ] as const) {
      const absurd = JSON.stringify({ ...settings, [name]: value });
      expect(readWith({ settings: absurd })).toThrow(`expected settings.${name} to be`);
    }
    expect(readWith({ settings: JSON.stringify({ ...settings, hidden: 4096 }) })).toThrow('too few numbers');
    const readEdited = (edit: (tensors: Record<string, Tensor>) => void) => readWith({}, edit);
    expect(readEdited(tensors => delete tensors.embedding)).toThrow(
      'expected a weight embedding, found none',
    );
    expect(
      readEdited(tensors => {
        tensors.extra = tensor(1);
      }),
    ).toThrow('unknown weight "extra"');
    expect(
      readEdited(tensors => {
        tensors.embedding = tensor([1]);
      }),
    ).toThrow('expected embedding of shape [100,4], found [1]');
    expect(
      readEdited(tensors => {
        (tensors.embedding as Tensor).data[7] = Number.NaN;
      }),
    ).toThrow('embedding is NaN at position 7');
  });

  test('are recognised by content, whatever the name of the file', async () => {
    writeFileSync(at('a.json'), bytes);
    expect(await readModel(at('a.json'), 'schnet')).toEqual(model);
    await expect(readModel(at('none'), 'vina')).rejects.toThrow(/^cannot read .*none: no such file/);
  });
});

test('a model of the other scorer is an error that says which --scorer it needs', async () => {
  const [network, vina] = [at('network.safetensors'), at('vina.safetensors')];
  writeFileSync(network, bytes);
  writeFileSync(vina, modelToSafetensors({ scorer: 'vina', weights: vinaWeights() }));
  for (const [argv, file, expected, found] of [
    [['score'], network, 'vina', 'schnet'],
    [['score', '--scorer', 'schnet'], vina, 'schnet', 'vina'],
    [['refine'], network, 'vina', 'schnet'],
    [['fit'], vina, 'schnet', 'vina'],
  ] as const) {
    const { code, stdout, stderr } = await run([...argv, '--weights', file]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(
      `error: ${file}: expected a model of ${expected}, found one of ${found}; ` +
        `use --scorer ${found} or another file\n`,
    );
  }
  // `convert` has no --scorer.
  expect(await run(['convert', vina, '--out', at('never.safetensors')])).toMatchObject({
    code: 1,
    stderr: `error: ${vina}: expected a SchNet, found a model of vina\n`,
  });
});

test.each<[string, Uint8Array, string]>([
  ['text', new TextEncoder().encode('kT = 0.6'), 'not a safetensors file\n'],
  [
    'a header whose 123 bytes are missing',
    Uint8Array.of(0x7b, 0, 0, 0, 0, 0, 0, 0, 0x20),
    'not a safetensors file: the header should have 123 bytes, but only 1 follow',
  ],
  [
    'a header that is cut',
    Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0, 0x7b),
    'invalid header in the safetensors file: the header should have 9 bytes, but only 1 follow',
  ],
  [
    'an entry that is a number',
    Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 0, ...new TextEncoder().encode('{"x": 1}')),
    'invalid header in the safetensors file: x is not a map of dtype, shape and data_offsets',
  ],
  ['JSON that is cut', new TextEncoder().encode('{"x'), 'expected a model in JSON or safetensors: '],
])('a file with %s is an error that names the file and the part at fault', async (_, content, message) => {
  writeFileSync(at('broken'), content);
  const { code, stderr } = await run(['score', '--weights', at('broken')]);
  expect(code).toBe(1);
  expect(stderr).toContain(`error: ${at('broken')}: ${message}`);
});

test('convert without --out names what is missing', async () => {
  const option = "option '--out <file>' is missing\n";
  for (const [argv, message] of [
    [[], "missing required argument 'file'\n"],
    [['nope'], `cannot read nope: no such file or directory; also, ${option}`],
    [['README.md'], option],
  ] as const)
    expect(await run(['convert', ...argv])).toEqual({ code: 2, stdout: '', stderr: `error: ${message}` });
  expect((await run(['convert', 'nope', '--out', at('never')])).stderr).toBe(
    'error: cannot read nope: no such file or directory\n',
  );
});

describe('models in JSON', () => {
  const numbers = Object.entries(weights).map(([name, { data }]) => [name, [...data]]);
  const json = JSON.stringify({ settings, weights: Object.fromEntries(numbers) });

  test('are read with their settings and weights', async () => {
    writeFileSync(at('b.json'), json);
    expect(await readModel(at('b.json'), 'schnet')).toEqual({ scorer: 'schnet', settings, weights });
  });

  test('are rejected if wrong, by errors that name the file and the reason', () => {
    const read = (text: string) => () => modelFromJson(text, 'w.json');
    expect(read('{')).toThrow(/^w\.json: /);
    expect(read('{}')).toThrow('w.json: expected settings.hidden to be a number greater than 0');
    expect(read(json.replace('true', '1'))).toThrow('w.json: expected settings.delta to be true or false');
    expect(read(json.replace('"hidden":4', '"hidden":6'))).toThrow(
      'w.json: expected weights.embedding to be 600 numbers',
    );
    expect(read(json.replace('readout1', 'other'))).toThrow(
      'expected weights.readout1.weight to be 8 numbers',
    );
    expect(read(json.replace('"interactions":1', '"interactions":10000000'))).toThrow(
      'w.json: expected settings.interactions to be a number greater than 0, and at most 64',
    );
    expect(read(json.replace('"hidden":4', '"hidden":4000'))).toThrow('found too few numbers');
  });
});

describe('reading a damaged safetensors model', () => {
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });

  property('gives finite weights or an error that names the file', changes, fc.boolean(), (drawn, isCut) => {
    const damaged = bytes.slice();
    for (const [at, byte] of drawn) damaged[at % damaged.length] = byte;
    const file = isCut ? damaged.slice(0, (drawn[0]?.[0] ?? 0) % damaged.length) : damaged;
    try {
      const { weights } = modelFromSafetensors(file, 'm');
      for (const { data } of Object.values(weights)) expect(data.every(Number.isFinite)).toBe(true);
    } catch (error) {
      expect((error as Error).message).toMatch(/^m: /);
    }
  });
});

/** Invented state_dict of torch_geometric.nn.SchNet(2, 2, 1, 3, cutoff=5). */
function stateDict(): Record<string, Tensor> {
  let next = 0;
  const numbers = (...shape: number[]) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return tensor(
      Float32Array.from({ length: size }, () => Math.sin(++next)),
      shape,
    );
  };
  const mlp0 = { weight: numbers(2, 3), bias: numbers(2) };
  const mlp2 = { weight: numbers(2, 2), bias: numbers(2) };
  return {
    'embedding.weight': numbers(100, 2),
    'distance_expansion.offset': tensor(Float32Array.of(0, 2.5, 5)),
    'interactions.0.mlp.0.weight': mlp0.weight,
    'interactions.0.mlp.0.bias': mlp0.bias,
    'interactions.0.mlp.2.weight': mlp2.weight,
    'interactions.0.mlp.2.bias': mlp2.bias,
    'interactions.0.conv.lin1.weight': numbers(2, 2),
    'interactions.0.conv.lin2.weight': numbers(2, 2),
    'interactions.0.conv.lin2.bias': numbers(2),
    'interactions.0.conv.nn.0.weight': mlp0.weight,
    'interactions.0.conv.nn.0.bias': mlp0.bias,
    'interactions.0.conv.nn.2.weight': mlp2.weight,
    'interactions.0.conv.nn.2.bias': mlp2.bias,
    'interactions.0.lin.weight': numbers(2, 2),
    'interactions.0.lin.bias': numbers(2),
    'lin1.weight': numbers(1, 2),
    'lin1.bias': numbers(1),
    'lin2.weight': numbers(1, 1),
    'lin2.bias': numbers(1),
  };
}

/** Energy of a molecule by the layers that torch_geometric.nn.SchNet documents, in plain arithmetic. */
function energyByLayers(state: Record<string, Tensor>, elements: readonly number[], x: number[][]): number {
  const act = (v: number[]) => v.map(x => Math.log1p(Math.exp(x)) - Math.LN2);
  const linear = (name: string, v: number[]) => {
    const { data, shape } = state[`${name}.weight`] as Tensor;
    return Array.from({ length: shape[0] as number }, (_, row) =>
      v.reduce(
        (sum, entry, column) => sum + entry * (data[row * v.length + column] as number),
        state[`${name}.bias`]?.data[row] ?? 0,
      ),
    );
  };
  const embedding = state['embedding.weight']?.data as Float32Array;
  let h = elements.map(z => [embedding[2 * z] as number, embedding[2 * z + 1] as number]);
  const messages = h.map((_, i) => {
    const sum = [0, 0];
    for (const [j, from] of h.entries()) {
      const r = Math.hypot(...[0, 1, 2].map(k => (x[i]?.[k] as number) - (x[j]?.[k] as number)));
      if (j === i || r >= 5) continue;
      const basis = [0, 2.5, 5].map(center => Math.exp((-0.5 / 2.5 ** 2) * (r - center) ** 2));
      const filter = linear('interactions.0.mlp.2', act(linear('interactions.0.mlp.0', basis)));
      const fade = 0.5 * (Math.cos((Math.PI * r) / 5) + 1);
      linear('interactions.0.conv.lin1', from).forEach((entry, k) => {
        sum[k] = (sum[k] as number) + entry * (filter[k] as number) * fade;
      });
    }
    return linear('interactions.0.lin', act(linear('interactions.0.conv.lin2', sum)));
  });
  h = h.map((features, i) => features.map((entry, k) => entry + (messages[i]?.[k] as number)));
  return h
    .map(features => linear('lin2', act(linear('lin1', features)))[0] as number)
    .reduce((a, b) => a + b);
}

const sdf = (atoms: readonly (readonly [string, number, number, number])[]) =>
  [
    'tiny\n\n',
    `${String(atoms.length).padStart(3)}  0  0  0  0  0  0  0  0  0999 V2000`,
    ...atoms.map(
      ([symbol, ...xyz]) =>
        `${xyz.map(x => x.toFixed(4).padStart(10)).join('')} ${symbol.padEnd(3)} 0  0  0  0  0  0  0  0  0  0  0  0`,
    ),
    'M  END\n$$$$\n',
  ].join('\n');

describe('a SchNet of PyTorch Geometric', () => {
  /** Settings that the file of PyTorch Geometric does not contain. */
  const added = { neighbours: 32, pocket: 6, delta: false };

  test('is converted to a model that gives the energy of its layers, and back', async () => {
    const state = stateDict();
    writeFileSync(at('pyg.safetensors'), writeSafetensors(state));
    const out = at('own.safetensors');
    const converted = await run(['convert', at('pyg.safetensors'), '--out', out, '--no-delta']);
    expect(converted).toMatchObject({ code: 0, stderr: '' });
    expect(converted.stdout).toContain('2 features, 3 Gaussians, 1 interactions, cutoff 5 Å');
    writeFileSync(
      at('ligand.sdf'),
      sdf([
        ['C', 0, 0, 0],
        ['O', 1.2, 0.1, 0],
      ]),
    );
    writeFileSync(
      at('receptor.sdf'),
      sdf([
        ['N', 3, 1, 0.5],
        ['S', 2.5, -2, 1],
      ]),
    );
    const files = [at('ligand.sdf'), '--receptor', at('receptor.sdf'), '--scorer', 'schnet'];
    const { code, stdout, stderr } = await run(['score', ...files, '--weights', out, '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const x = [
      [0, 0, 0],
      [1.2, 0.1, 0],
      [3, 1, 0.5],
      [2.5, -2, 1],
    ];
    const { predictions } = JSON.parse(stdout) as { predictions: number[] };
    expect(predictions[0]).toBeCloseTo(energyByLayers(state, [6, 8, 7, 16], x), 10);

    const refused = await run(['score', ...files, '--weights', at('pyg.safetensors')]);
    expect(refused.stderr).toContain('found a SchNet of PyTorch Geometric; convert it first');
    expect(await run(['convert', out, '--out', at('back.safetensors')])).toMatchObject({ code: 0 });
    const back = readSafetensors(await bytesAt('back.safetensors')).tensors;
    for (const [name, values] of Object.entries(state)) expect(back[name]).toEqual(values);
    expect(Object.keys(back).sort()).toEqual(Object.keys(state).sort());
  });

  test('has its std and mean folded into the last layer', () => {
    const read = (more: object) => fromGeometric(stateDict(), { ...added, ...more }, 'f').weights;
    const [plain, scaled] = [read({}), read({ std: 2, mean: 3 })];
    expect(scaled['readout2.weight']?.data[0]).toBe(2 * (plain['readout2.weight']?.data[0] as number));
    expect(scaled['readout2.bias']?.data[0]).toBe(2 * (plain['readout2.bias']?.data[0] as number) + 3);
  });

  test('is read with its shared layers stored once or twice, and rejected if it has parts without a counterpart', () => {
    const read =
      (edit: (state: Record<string, Tensor>) => void, delta = false) =>
      () => {
        const state = stateDict();
        edit(state);
        return fromGeometric(state, { ...added, delta }, 'f');
      };
    const once = read(state => {
      for (const name of Object.keys(state)) if (name.includes('.mlp.')) delete state[name];
    });
    expect(once()).toEqual(read(() => {})());
    const set = (name: string, value: Tensor) => (state: Record<string, Tensor>) => {
      state[name] = value;
    };
    expect(read(set('interactions.0.conv.nn.0.bias', tensor([1, 2])))).toThrow('to be equal');
    expect(read(set('interactions.0.conv.lin1.weight', tensor(new Float32Array(6), [3, 2])))).toThrow(
      'f: the network has 3 filters for 2 features; here both numbers must be equal',
    );
    expect(read(set('atomic_mass', tensor([1])))).toThrow('predicts dipoles (dipole=True), not energies');
    const atomref = tensor(new Float32Array(100), [100, 1]);
    expect(read(set('atomref.weight', atomref))).toThrow('cancel only in differences');
    expect(read(set('atomref.weight', atomref), true)().settings.delta).toBe(true);
    expect(read(set('distance_expansion.offset', tensor([0, 1, 5])))).toThrow('evenly spaced');
    expect(read(set('lin3.weight', tensor([1])))).toThrow('tensor "lin3.weight" has no counterpart');
    expect(read(state => delete state['lin2.bias'])).toThrow('expected a tensor lin2.bias, found none');
    expect(read(set('lin2.bias', tensor([1, 2])))).toThrow('expected lin2.bias of shape [1], found [2]');
    expect(read(set('lin2.bias', tensor([Number.NaN])))).toThrow('entries that are not finite');
  });

  test('is written from a network of this program and read back unchanged', () => {
    const float32 = Object.fromEntries(
      Object.entries(weights).map(([name, { data, shape }]) => [
        name,
        tensor(Float64Array.from(Float32Array.from(data)), shape),
      ]),
    );
    const { neighbours, pocket, delta } = settings;
    const back = fromGeometric({ ...toGeometric(float32, settings) }, { neighbours, pocket, delta }, 'f');
    expect(back).toEqual({ settings, weights: float32 });
  });
});

async function bytesAt(name: string): Promise<Uint8Array> {
  const { readFile } = await import('node:fs/promises');
  return readFile(at(name));
}
