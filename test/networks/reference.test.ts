import { spawnSync } from 'node:child_process';
import { gradient, interpreter, jit, type SyncExecutor, Tape, type Tensor } from 'posetape';
import { wasm } from 'posetape/wasm';
import { describe, expect, test } from 'vitest';
import { recordWeights } from '../../examples/networks/layers.ts';
import { poseOf } from '../../examples/networks/pose.ts';
import { expectClose, largest } from '../support/equal.ts';
import { subjects } from './cases.ts';
import { type Answer, askPyTorch, cases, digestOf, type Entry, readTable, shippedOf } from './table.ts';

const table = readTable();
const titled = table.map(entry => ({
  entry,
  title: `${entry.network}, ${entry.pose.delta ? 'energy of binding' : 'energy'}`,
}));

const executors = [
  { executor: interpreter(), tolerance: 1e-12 },
  { executor: jit(), tolerance: 1e-12 },
  { executor: wasm(), tolerance: 1e-5 },
];

/** Fails unless answers agree within `tolerance` times (1 + their size): a small answer may be a sum of larger terms. */
function expectAnswer(actual: Answer, expected: Answer, tolerance: number): void {
  expectClose(actual.energy, expected.energy, tolerance, 1 + Math.abs(expected.energy));
  const slope = expected.slope.flat();
  expectClose(actual.slope.flat(), slope, tolerance, 1 + largest(slope));
  expect(Object.keys(actual.weights)).toEqual(Object.keys(expected.weights));
  for (const [name, { norm, along, first }] of Object.entries(expected.weights)) {
    const digest = actual.weights[name];
    expectClose([digest?.norm ?? NaN, digest?.along ?? NaN], [norm, along], tolerance, 1 + norm);
    expectClose(digest?.first ?? [], first, tolerance, 1 + norm);
  }
}

function answerOf(entry: Entry, executor: SyncExecutor): Answer {
  const { weights, score } = subjects[entry.network];
  const { ligand, pocket, settings } = shippedOf(entry);
  const tape = new Tape();
  const values = recordWeights(tape, weights);
  const x = tape.parameter(ligand.coordinates);
  const energy = score(tape, values, poseOf(ligand, pocket, settings), x);
  const [value, slope, ...slopes] = executor.run([
    energy,
    ...gradient(energy, [x, ...Object.values(values)]),
  ]) as [Tensor, Tensor, ...Tensor[]];
  return {
    energy: value.data[0] as number,
    slope: [[...slope.data]],
    weights: Object.fromEntries(Object.keys(weights).map((name, k) => [name, digestOf(slopes[k] as Tensor)])),
  };
}

test('the table has the current networks, weights and poses', () => {
  const written: unknown = JSON.parse(JSON.stringify(cases())); // −0 is 0 in JSON
  expect(table.map(({ answer, ...input }) => input)).toEqual(written);
});

describe('energy, forces and gradient equal those of PyTorch', () => {
  test.each(titled)('$title', ({ entry }) => {
    const { energy, slope, weights } = entry.answer;
    expect(Math.abs(energy)).toBeGreaterThan(0.01);
    expect(Math.hypot(...slope.flat())).toBeGreaterThan(0.1);
    // The answer depends on all weights, except the last bias in a binding energy, where it cancels.
    const unused = Object.keys(weights).filter(name => (weights[name]?.norm ?? 0) < 1e-3);
    expect(unused).toEqual(entry.pose.delta ? ['readout2.bias'] : []);
    for (const { executor, tolerance } of executors)
      expectAnswer(answerOf(entry, executor), entry.answer, tolerance);
  });
});

const python = '/usr/bin/python3';
const hasTorch = spawnSync(python, ['-c', 'import torch']).status === 0;

test.skipIf(!hasTorch)('PyTorch reproduces the table, if it is installed', () => {
  const answers = askPyTorch(table, python);
  for (const [k, { answer }] of table.entries()) expectAnswer(answers[k] as Answer, answer, 1e-10);
});
