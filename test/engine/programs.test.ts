import fc from 'fast-check';
import { evaluate, type Form, gradient, Tape, type Tensor, type Value } from 'posetape';
import { add, mul } from 'posetape/ops';
import { describe, expect, test } from 'vitest';
import { directionLike, expectSlope, projectedGradient, projection } from '../support/differences.ts';
import { expectClose, largest } from '../support/equal.ts';
import {
  type Pose,
  type Program,
  paramsOf,
  poseArbitrary,
  programArbitrary,
  record,
} from '../support/programs.ts';
import { property } from '../support/property.ts';

const programs = programArbitrary();
const smooth = programArbitrary({ smooth: true });
const poses = poseArbitrary();
const seeds = fc.nat(1000);

/** Records a program on a new tape, with these parameters. */
function recordWithParams(
  program: Program,
  pose: Pose,
  params: readonly Tensor[] = Object.values(paramsOf(program)),
) {
  const tape = new Tape();
  const leaves = params.map(param => tape.parameter(param));
  return { params, leaves, y: recordingOf(program, pose)(tape, leaves) };
}

const recordingOf = (program: Program, pose: Pose) => (tape: Tape, leaves: readonly Value[]) =>
  record(program, tape, Object.fromEntries(leaves.entries()), pose);

describe('the gradient of a random program', () => {
  property('equals finite differences', smooth, poses, seeds, (program, pose, seed) => {
    const params = Object.values(paramsOf(program));
    expectSlope(recordingOf(program, pose), params, directionLike(params, seed));
  });

  property('has a gradient equal to finite differences', smooth, poses, seeds, (program, pose, seed) => {
    const params = Object.values(paramsOf(program));
    const along = projectedGradient(recordingOf(program, pose), directionLike(params, seed));
    expectSlope(along, params, directionLike(params, seed + 1));
  });

  property('has a symmetric derivative: ⟨v, Hw⟩ = ⟨w, Hv⟩', smooth, poses, seeds, (program, pose, seed) => {
    const { params, leaves, y } = recordWithParams(program, pose);
    const [v, w] = [directionLike(params, seed), directionLike(params, seed + 1)];
    const inner = (values: readonly Value[], direction: typeof v) =>
      values
        .map((value, i) => projection(value, direction[i] as readonly number[]))
        .reduce((a, b) => add(a, b));
    const first = gradient(y, leaves);
    const [vHw, wHv] = [
      inner(gradient(inner(first, w), leaves), v),
      inner(gradient(inner(first, v), leaves), w),
    ];
    const [left, right] = evaluate([vHw, wHv]);
    expectClose(left, right, 1e-11, 1 + largest(right));
  });

  property('is linear in the program', programs, programs, poses, (program, other, pose) => {
    // Both programs read the parameters of the first.
    const { leaves, y } = recordWithParams(program, pose);
    const z = recordingOf({ ...other, params: program.params }, pose)(y.tape, leaves);
    const combined = gradient(add(mul(2, y), mul(-0.3, z)), leaves);
    const [dy, dz] = [gradient(y, leaves), gradient(z, leaves)];
    for (const [i, each] of combined.entries()) {
      const expected = add(mul(2, dy[i] as Value), mul(-0.3, dz[i] as Value));
      const [actual, reference] = evaluate([each, expected]);
      expectClose(actual, reference, 1e-12, 1 + largest(reference));
    }
  });
});

describe('running a random program', () => {
  property(
    'repeats its results to the bit, in any order of the wanted values',
    programs,
    poses,
    (program, pose) => {
      const { leaves, y } = recordWithParams(program, pose);
      const wanted = [y, ...gradient(y, leaves)];
      const expected = evaluate(wanted);
      expect(evaluate(wanted)).toEqual(expected);
      expect(evaluate(wanted.toReversed()).toReversed()).toEqual(expected);
    },
  );

  property('gives the same results whatever else is wanted', programs, poses, (program, pose) => {
    const { leaves, y } = recordWithParams(program, pose);
    const wanted = [y, ...gradient(y, leaves)];
    const everything = evaluate(y.tape.values);
    // Results are not equal to the bit: a segment sum that is also wanted is computed before it is accumulated.
    for (const [i, expected] of evaluate(wanted).entries()) {
      expectClose(everything[wanted[i]?.id as number] as Tensor, expected, 1e-13, 1 + largest(expected));
    }
  });

  property('does not change its inputs', programs, poses, (program, pose) => {
    const { leaves, y } = recordWithParams(program, pose);
    const arrays = () =>
      y.tape.values.flatMap(({ form }) => ('tensor' in form ? [[...form.tensor.data]] : []));
    const before = arrays();
    evaluate([y, ...gradient(y, leaves)]);
    expect(arrays()).toEqual(before);
  });

  property('gives every value the shape it was recorded with', programs, poses, (program, pose) => {
    const { leaves, y } = recordWithParams(program, pose);
    gradient(y, leaves);
    const { values } = y.tape;
    for (const [id, { shape, data }] of evaluate(values).entries()) {
      expect(shape).toEqual(values[id]?.shape);
      expect(data.length).toBe(shape.reduce((size, length) => size * length, 1));
    }
  });
});

describe('random programs', () => {
  property(
    'record the same ops for every pose of more than one row',
    programs,
    poses,
    poses,
    (program, pose, other) => {
      const [first, second] = [pose, other].map(rows => (rows.length > 1 ? rows : [...rows, ...rows]));
      const structureOf = (rows: Pose) => {
        const { leaves, y } = recordWithParams(program, rows);
        gradient(y, leaves);
        return y.tape.values.map(({ op, inputs }) => [op.name, ...inputs.map(({ id }) => id)].join(' '));
      };
      expect(structureOf(first as Pose)).toEqual(structureOf(second as Pose));
    },
  );

  property('depend only on the rows of the pose', programs, poses, (program, pose) => {
    const [first, second] = [
      recordWithParams(program, pose),
      recordWithParams(program, structuredClone(pose)),
    ];
    expect(evaluate([first.y])).toEqual(evaluate([second.y]));
  });

  test('and their gradients use every form', () => {
    const every: Record<Form['kind'], true> = {
      parameter: true,
      constant: true,
      fill: true,
      map: true,
      reduce: true,
      broadcast: true,
      reshape: true,
      transpose: true,
      slice: true,
      pad: true,
      concat: true,
      gather: true,
      'segment-sum': true,
      'segment-max': true,
      matmul: true,
      accumulate: true,
    };
    const met = new Set<string>();
    for (const [program, pose] of fc.sample(fc.tuple(programs, poses), { seed: 1, numRuns: 300 })) {
      const { leaves, y } = recordWithParams(program, pose);
      gradient(y, leaves);
      for (const { form } of y.tape.values) {
        met.add(form.kind);
        if (form.kind === 'matmul') met.add(`matmul ${form.transposeA} ${form.transposeB}`);
        if (form.kind === 'reduce') met.add(`reduce ${form.reducer}`);
      }
    }
    const transposes = ['false false', 'false true', 'true false'].map(each => `matmul ${each}`);
    expect(met).toEqual(new Set([...Object.keys(every), ...transposes, 'reduce sum', 'reduce max']));
  });
});
