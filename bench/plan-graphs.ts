// The first run and later ones of a graph, in a process of its own. Arguments: graph, size, executor.

import { gradient, interpreter, jit, Tape, tensor, type Value } from 'posetape';
import {
  add,
  concat,
  gather,
  layerNorm,
  matmul,
  mul,
  relu,
  segmentSum,
  softplus,
  square,
  sum,
  tanh,
} from 'posetape/ops';
import { wasm } from 'posetape/wasm';
import { cpuTime, median } from './support/clock.ts';
import { serve } from './support/serve.ts';

/** Times of one graph on one executor. */
export interface PlanTimes {
  readonly values: number;
  /** CPU milliseconds. */
  readonly first: number;
  readonly later: number;
}

const numbers = (...shape: number[]) => {
  const size = shape.reduce((product, length) => product * length, 1);
  return tensor(
    Float64Array.from({ length: size }, (_, i) => 0.1 * Math.sin(7.3 * i)),
    shape,
  );
};

/** A sum of squares of what a graph comes to, and its gradient. */
function withGradient(y: Value, wrt: readonly Value[]): Value[] {
  const total = sum(square(y));
  return [total, ...gradient(total, wrt)];
}

/** `of` applied so many times. */
function repeated(times: number, begin: Value, of: (value: Value, time: number) => Value): Value {
  let value = begin;
  for (let time = 0; time < times; time++) value = of(value, time);
  return value;
}

/** Graphs of any size, each with its gradient. */
const graphs: Readonly<Record<string, (size: number) => Value[]>> = {
  'layers, 8 × 16': size => {
    const tape = new Tape();
    const weights: Value[] = [];
    const y = repeated(size, tape.constant(numbers(8, 16)), h => {
      const [w, b] = [tape.parameter(numbers(16, 16)), tape.parameter(numbers(16))];
      weights.push(w, b);
      return tanh(add(matmul(h, w), b));
    });
    return withGradient(y, weights);
  },
  'residual layers with layerNorm': size => {
    const tape = new Tape();
    const weights: Value[] = [];
    const y = repeated(size, tape.constant(numbers(8, 16)), h => {
      const w = tape.parameter(numbers(16, 16));
      weights.push(w);
      return add(h, layerNorm(relu(matmul(h, w))));
    });
    return withGradient(y, weights);
  },
  'message passing, unrolled': size => {
    const tape = new Tape();
    const w = tape.parameter(numbers(16, 16));
    const [to, from] = [1, 7].map(step => tape.index(Array.from({ length: 80 }, (_, i) => (step * i) % 20)));
    const y = repeated(size, tape.constant(numbers(20, 16)), h => {
      const messages = tanh(matmul(gather(h, from as Value), w));
      return add(h, mul(0.1, segmentSum(messages, to as Value, 20)));
    });
    return withGradient(y, [w]);
  },
  'a chain': size => {
    const x = new Tape().parameter([0.5, -0.2]);
    return withGradient(
      repeated(size, x, y => add(mul(y, 0.999), 1e-3)),
      [x],
    );
  },
  'a chain of single numbers': size => {
    const x = new Tape().parameter(0.5);
    return withGradient(
      repeated(size, x, y => add(mul(y, 0.999), 1e-3)),
      [x],
    );
  },
  'softplus terms': size => {
    const x = new Tape().parameter(numbers(10));
    return withGradient(
      repeated(size, x, (y, i) => add(y, softplus(mul(x, i)))),
      [x],
    );
  },
  'a fan': size => {
    const x = new Tape().parameter(numbers(10));
    const y = mul(x, 1.5);
    return withGradient(Array.from({ length: size }, (_, i) => sum(mul(y, i))).reduce(add), [x]);
  },
  'a concatenation': size => {
    const x = new Tape().parameter([1, 2]);
    return withGradient(
      concat(
        Array.from({ length: size }, (_, i) => mul(x, i)),
        0,
      ),
      [x],
    );
  },
};

function times(name: string, size: number, which: string): PlanTimes {
  const wanted = graphs[name]?.(size) ?? [];
  const executor = which === 'jit' ? jit() : which === 'wasm' ? wasm() : interpreter();
  const timed = () => {
    const start = cpuTime();
    executor.run(wanted);
    return cpuTime() - start;
  };
  const first = timed();
  const later = median(Array.from({ length: 7 }, timed));
  return { values: wanted[0]?.tape.values.length ?? 0, first, later };
}

const [name = '', size, which = ''] = process.argv.slice(2);
await serve({
  names: () => ({ names: Object.keys(graphs) }),
  times: () => times(name, Number(size), which),
});
