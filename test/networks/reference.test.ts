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

/** The 1 in each scale is for numbers that are themselves sums of larger terms. */
function expectAnswer(actual: Answer, expected: Answer, tolerance: number): void {
  expectClose(actual.energy, expected.energy, tolerance, 1 + Math.abs(expected.energy));
  const slope = expected.slope.flat();
  expectClose(actual.slope.flat(), slope, tolerance, 1 + largest(slope));
  expect(Object.keys(actual.weights)).toEqual(Object.keys(expected.weights));
  for (const [name, { norm, along, first }] of Object.entries(expected.weights)) {
    const found = actual.weights[name];
    expectClose([found?.norm ?? NaN, found?.along ?? NaN], [norm, along], tolerance, 1 + norm);
    expectClose(found?.first ?? [], first, tolerance, 1 + norm);
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

test('the table is of these networks, these weights and the shipped poses', () => {
  const written: unknown = JSON.parse(JSON.stringify(cases())); // −0 is 0 in JSON
  expect(table.map(({ answer, ...asked }) => asked)).toEqual(written);
});

describe('energy, forces and gradient are those of PyTorch', () => {
  test.each(titled)('$title', ({ entry }) => {
    const { energy, slope, weights } = entry.answer;
    expect(Math.abs(energy)).toBeGreaterThan(0.01);
    expect(Math.hypot(...slope.flat())).toBeGreaterThan(0.1);
    // The embedding of a binding energy counts, and so does all else; only the last bias cancels.
    const unused = Object.keys(weights).filter(name => (weights[name]?.norm ?? 0) < 1e-3);
    expect(unused).toEqual(entry.pose.delta ? ['readout2.bias'] : []);
    for (const { executor, tolerance } of executors)
      expectAnswer(answerOf(entry, executor), entry.answer, tolerance);
  });
});

const python = '/usr/bin/python3';
const hasTorch = spawnSync(python, ['-c', 'import torch']).status === 0;

test.skipIf(!hasTorch)('PyTorch, where it is installed, gives the table again', () => {
  const answers = askPyTorch(table, python);
  for (const [k, { answer }] of table.entries()) expectAnswer(answers[k] as Answer, answer, 1e-10);
});
