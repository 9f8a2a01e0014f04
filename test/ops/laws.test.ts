import fc from 'fast-check';
import { evaluate, gradient, Tape, type Tensor, tensor, type Value } from 'posetape';
import * as ops from 'posetape/ops';
import { add, sum, where } from 'posetape/ops';
import { describe, expect, test } from 'vitest';
import {
  directionLike,
  expectSlope,
  projectedGradient,
  projection,
  type Recording,
  weights,
} from '../support/differences.ts';
import { expectClose, largest } from '../support/equal.ts';
import type { OpName } from '../support/programs.ts';
import { property } from '../support/property.ts';
import { type Case, cases, type OperandRange } from './cases.ts';

/*
 * Laws that hold for every op. A property draws a random use of the op from cases.ts, and random operands.
 */

const exported = Object.keys(ops) as OpName[];
const usesOf = (op: OpName) => cases.filter(each => each.op === op);
const sizeOf = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);

test('cases.ts has every exported op, and no other', () => {
  expect(new Set(cases.map(({ op }) => op))).toEqual(new Set(exported));
});

/** Use of an op, with operands that were drawn for it. */
interface DrawnUse {
  readonly use: Case;
  readonly operands: readonly Tensor[];
}

/** Random use among these cases, with random operands. */
function uses(of: readonly Case[]): fc.Arbitrary<DrawnUse> {
  return fc
    .constantFrom(...of)
    .chain(use => fc.tuple(...use.operands.map(tensorIn)).map(operands => shown({ use, operands })));
}

/** Returns a copy with a short description for the report of a failing property. */
function shown<T extends { use: Case }>(drawn: T): T {
  const { use, ...rest } = drawn;
  return { ...drawn, [fc.toStringMethod]: () => `${use.op} as ${use.record} with ${fc.stringify(rest)}` };
}

const tensorIn = ({ shape, entries }: OperandRange) =>
  entries(sizeOf(shape)).map(drawn => tensor(Float64Array.from(drawn), shape));

const seeds = fc.nat(1000);

/** Recording of the inner product of a use's result with weights. Its parameters are the operands with a gradient. */
function projected({ use, operands }: DrawnUse, seed: number): { recording: Recording; params: Tensor[] } {
  const isParam = (_: unknown, i: number) => !use.operands[i]?.isConstant;
  const recording: Recording = (tape, params) => {
    const rest = [...params];
    const inputs = operands.map((operand, i) => {
      return isParam(operand, i) ? (rest.shift() as Value) : tape.constant(operand);
    });
    const result = use.record(...inputs);
    return projection(result, weights(sizeOf(result.shape), seed));
  };
  return { recording, params: operands.filter(isParam) };
}

function run({ use, operands }: DrawnUse): Tensor {
  const tape = new Tape();
  return evaluate([use.record(...operands.map(operand => tape.constant(operand)))])[0];
}

describe.each(exported)('%s', op => {
  if (usesOf(op).length === 0) {
    test('has a case', () => expect.fail(`${op} has no case in test/ops/cases.ts`));
    return;
  }

  property('equals its formula in plain loops', uses(usesOf(op)), ({ use, operands }) => {
    const plain = use.plain(...operands.map(({ data, shape }) => ({ data: [...data], shape })));
    expectClose(
      run({ use, operands }),
      tensor(Float64Array.from(plain.data), plain.shape),
      1e-14,
      1 + largest(plain.data),
    );
  });

  property('has a slope equal to finite differences', uses(usesOf(op)), seeds, (drawn, seed) => {
    const { recording, params } = projected(drawn, seed);
    expectSlope(recording, params, directionLike(params, seed + 1));
  });

  property('has a second derivative equal to finite differences', uses(usesOf(op)), seeds, (drawn, seed) => {
    const { recording, params } = projected(drawn, seed);
    if (params.length === 0) return;
    const gradientAlong = projectedGradient(recording, directionLike(params, seed + 2));
    expectSlope(gradientAlong, params, directionLike(params, seed + 1));
  });
});

const anything = fc.constantFrom(Number.NaN, Infinity, -Infinity, 0, -0, 1, -1, 1000, -1000);
const elementwiseUses = cases.filter(
  use => use.isElementwise && use.operands.some(({ isConstant }) => !isConstant),
);

describe.each([...new Set(elementwiseUses.map(({ op }) => op))])('%s, in a branch not taken,', op => {
  const drawn = fc.constantFrom(...elementwiseUses.filter(use => use.op === op)).chain(use => {
    const taken = fc.tuple(...use.operands.map(({ entries }) => entries(3)));
    const notTaken = fc.tuple(...use.operands.map(() => fc.array(anything, { minLength: 3, maxLength: 3 })));
    return fc.record({ use: fc.constant(use), taken, notTaken }).map(shown);
  });

  property(
    'adds nothing to gradients up to third order, for any operands',
    drawn,
    ({ use, taken, notTaken }) => {
      const clean = gradientsWhereTaken(use, taken, taken);
      for (const [i, slope] of gradientsWhereTaken(use, notTaken, taken).entries()) {
        expectClose(slope, clean[i] as Tensor, 0);
        expectClose(slope.data.slice(0, 3), [0, 0, 0], 0);
      }
    },
  );
});

/** Gradients of orders 1 to 3, by each operand, of the sum of an op over its last three entries. */
function gradientsWhereTaken(use: Case, notTaken: number[][], taken: number[][]): Tensor[] {
  const tape = new Tape();
  const operands = notTaken.map((entries, i) => [...entries, ...(taken[i] as number[])]);
  const leaves = operands.map((entries, i) => {
    return use.operands[i]?.isConstant ? tape.constant(entries) : tape.parameter(entries);
  });
  const params = leaves.filter((_, i) => !use.operands[i]?.isConstant);
  let y = sum(where(tape.constant([0, 0, 0, 1, 1, 1]), use.record(...leaves), 0));
  const orders = [1, 2, 3].flatMap(order => {
    const gradients = gradient(y, params);
    y = gradients.map((each, i) => projection(each, weights(6, order + i))).reduce((a, b) => add(a, b));
    return gradients;
  });
  return evaluate(orders);
}

const linearUses = cases.flatMap(use => use.linearIn.map(varying => ({ use, varying })));
const linearOps = [...new Set(linearUses.map(({ use }) => use.op))];

describe.each(linearOps)('%s is linear', op => {
  const ofOp = linearUses.filter(({ use }) => use.op === op);
  const drawn = fc.constantFrom(...ofOp).chain(({ use, varying }) => {
    const operands = fc.tuple(...use.operands.map(tensorIn));
    return operands.map(each => shown({ use, varying, operands: each }));
  });

  property(
    'and its gradient is the transpose: ⟨v, Jᵀu⟩ = ⟨Jv, u⟩',
    drawn,
    seeds,
    ({ use, varying, operands }, seed) => {
      // The op is linear in the varying operands, so J is the op itself with the other operands fixed.
      const tape = new Tape();
      const leaves = operands.map(operand => tape.parameter(operand));
      const result = use.record(...leaves);
      const [image, ...vectors] = evaluate([result, ...varying.map(i => leaves[i] as Value)]);
      const u = weights(image.data.length, seed);
      const pulled = evaluate(
        gradient(
          projection(result, u),
          varying.map(i => leaves[i] as Value),
        ),
      );

      const [left, leftSize] = inner(
        vectors.flatMap(({ data }) => [...data]),
        pulled.flatMap(({ data }) => [...data]),
      );
      const [right, rightSize] = inner([...image.data], u);
      expectClose(left, right, 1e-12, Math.max(leftSize, rightSize));
    },
  );
});

/** Returns ⟨a, b⟩ and Σ|aᵢbᵢ|. */
function inner(a: readonly number[], b: readonly number[]): [product: number, size: number] {
  const terms = a.map((each, i) => each * (b[i] as number));
  return [terms.reduce((x, y) => x + y, 0), terms.reduce((x, y) => x + Math.abs(y), 0)];
}
