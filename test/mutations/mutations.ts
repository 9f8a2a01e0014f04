/** A defect to plant: `find` stands exactly once in `file` and becomes `replace`. */
export interface Mutation {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** One defect each of the kinds that have been made in engines like this one. */
export const mutations: readonly Mutation[] = [
  {
    name: 'swapped operands in the rule of mul',
    file: 'ops/arithmetic/mul.ts',
    find: '(g, _ans, _a, b) => scaled(g, b)',
    replace: '(g, _ans, _a, b) => scaled(g, _a)',
  },
  {
    name: 'lost sign in the rule of sub',
    file: 'ops/arithmetic/sub.ts',
    find: 'g => neg(g)',
    replace: 'g => g',
  },
  {
    name: 'wrong constant in the rule of sqrt',
    file: 'ops/elementwise/sqrt.ts',
    find: 'div(0.5,',
    replace: 'div(0.25,',
  },
  {
    name: 'a zero cotangent lets NaN through',
    file: 'ops/arithmetic/scaled.ts',
    find: 's.select(s.equal(g, s.constant(0)), s.constant(0), s.mul(g, f))',
    replace: 's.mul(g, f)',
  },
  {
    name: 'at second order NaN passes where the first cotangent was zero',
    file: 'ops/arithmetic/scaled.ts',
    find: '(h, _ans, g) => zeroWins(h, g)',
    replace: '(h, _ans, g) => scaled(h, g)',
  },
  {
    name: 'unstable softplus',
    file: 'ops/elementwise/softplus.ts',
    find: 's.add(s.max(x, s.constant(0)), s.log1p(s.exp(s.neg(s.abs(x)))))',
    replace: 's.log1p(s.exp(x))',
  },
  {
    name: 'ties of max take the whole cotangent each',
    file: 'ops/reduce/max.ts',
    find: 'div(isLargest, sumOver(isLargest, ans.form.axes))',
    replace: 'isLargest',
  },
  {
    name: 'transpose instead of its inverse',
    file: 'ops/shape/transpose.ts',
    find: 'ans.form.permutation.map((_, axis) => ans.form.permutation.indexOf(axis))',
    replace: 'ans.form.permutation',
  },
  {
    name: 'a slice beside its room is taken for the whole',
    file: 'ops/shape/slice.ts',
    find: 'const isWhole = sameShape(shape, a.shape) && from.every(position => position === 0);',
    replace: 'const isWhole = sameShape(shape, a.shape);',
  },
  {
    name: 'exchanged transposes in the rule of matmul',
    file: 'ops/linear/matmul.ts',
    find: 'multiply(b, g, transposeB, true)',
    replace: 'multiply(b, g, !transposeB, true)',
  },
  {
    name: 'only the last use of a value counts',
    file: 'engine/gradient.ts',
    find: 'if (sofar) sofar.push(contribution);',
    replace: 'if (sofar) sofar[0] = contribution;',
  },
  {
    name: 'broadcast cotangent not summed',
    file: 'engine/fan-out.ts',
    find: 'vjp: [(g, _ans, a) => sumTo(g, a.shape)]',
    replace: 'vjp: [(g, _ans, a) => repeat(reshaped(sumOver(g, [0]), a.shape), a.shape)]',
  },
  {
    name: 'off-path values are differentiated too',
    file: 'engine/gradient.ts',
    find: 'if (!onPath[place]) continue;',
    replace: 'if (place < 0 || tape.values[place + oldest]?.dtype === "index") continue;',
  },
  {
    name: 'an infinite slope excuses the others of its parameter',
    file: 'engine/check-gradient.ts',
    find: 'if (Number.isFinite(slope)) largest',
    replace: 'largest',
  },
  {
    name: 'a change that rounding swallows counts as measured',
    file: 'engine/check-gradient.ts',
    find: 'const doubt = Math.max(uncertainty, noise);',
    replace: 'const doubt = uncertainty;',
  },
  {
    name: 'segment-sum overwrites',
    file: 'engine/executors/kernels.ts',
    find: '(out.data[row + j] as number) += a.data[i * width + j] as number;',
    replace: 'out.data[row + j] = a.data[i * width + j] as number;',
  },
  {
    name: 'buffer freed too early',
    file: 'engine/executors/interpreter.ts',
    find: 'for (const value of this.#wanted) this.#count(value);',
    replace: 'for (const value of this.#wanted.slice(1)) this.#count(value);',
  },
  {
    name: 'buffer freed too late',
    file: 'engine/executors/interpreter.ts',
    find: 'if (this.#uses[value.id] !== 0) return;',
    replace: 'if (this.#uses[value.id] !== 0 || value.form.kind === "gather") return;',
  },
  {
    name: 'bytes not given back after an error',
    file: 'engine/executors/interpreter.ts',
    find: '} finally {\n      this.#memory.give(this.#bytes);\n    }',
    replace:
      '} finally {\n      if (this.#uses.every(uses => uses <= 1)) this.#memory.give(this.#bytes);\n    }',
  },
  {
    name: 'results share the caller’s array',
    file: 'engine/executors/interpreter.ts',
    find: 'data: isShared ? data.slice() : data',
    replace: 'data',
  },
  {
    name: 'forgotten rescale of A on a new best pose',
    file: 'combine/accumulator.ts',
    find: '(A[i] as number) *= q;',
    replace: '',
  },
  {
    name: 'B rescaled without its shift',
    file: 'combine/accumulator.ts',
    find: 'B[i] = q * ((B[i] as number) + shift * (A[i] as number));',
    replace: 'B[i] = q * (B[i] as number);',
  },
  {
    name: 'D rescaled after S',
    file: 'combine/accumulator.ts',
    find: 'this.#D = q * (this.#D + shift * this.#S);\n    this.#S *= q;',
    replace: 'this.#S *= q;\n    this.#D = q * (this.#D + shift * this.#S);',
  },
  {
    name: 'pose losses rescaled with the weights',
    file: 'combine/accumulator.ts',
    find: 'addScaled(this.#P[name], poseLossGradient, data);',
    replace: 'addScaled(this.#P[name], poseLossGradient * e, data);',
  },
  {
    name: 'lost slope of the loss',
    file: 'combine/stream.ts',
    find: 'data[i] = slope * (data[i] as number)',
    replace: 'data[i] = (data[i] as number)',
  },
  {
    name: 'Boltzmann coefficient without the thermal term',
    file: 'combine/boltzmann.ts',
    find: 'a: (1 - sigma * (D / S)) / S',
    replace: 'a: 1 / S',
  },
  {
    name: 'poses with a loss of their own are skipped',
    file: 'combine/stream.ts',
    find: '!!task.poseLoss || matters',
    replace: 'matters',
  },
  {
    name: 'a pose left out keeps its place in the second pass',
    file: 'combine/recompute.ts',
    find: 'coefficients[index] = slopes[n] as number;',
    replace: 'coefficients[n] = slopes[n] as number;',
  },
  {
    name: 'the arena gives a buffer away while it is still read',
    file: 'engine/executors/plan/layout.ts',
    find: 'for (const buffer of [...step.reads, ...step.writes]) last.set(buffer, at);',
    replace: 'for (const buffer of step.writes) last.set(buffer, at);',
  },
  {
    name: 'the arena never gives a buffer back',
    file: 'engine/executors/plan/layout.ts',
    find: 'for (const buffer of ends) gaps.give(',
    replace: 'for (const buffer of ends.slice(ends.length)) gaps.give(',
  },
  {
    name: 'rows are added up on top of the last pose’s',
    file: 'engine/executors/plan/loops.ts',
    find: "if (form.kind === 'scatter') return form.overlaps ? 0 : undefined;",
    replace: "if (form.kind === 'scatter') return undefined;",
  },
  {
    name: 'two slices that begin elsewhere count as one',
    file: 'engine/executors/plan/graph.ts',
    find: "? make(value, { kind: 'slice', starts: own }, inputs, undefined)",
    replace: "? make(value, { kind: 'slice', starts: own }, inputs, 'slice')",
  },
  {
    name: 'a branch around what the condition does not mask',
    file: 'engine/executors/plan/statements.ts',
    find: 'rest.every(others => others.has(each))',
    replace: 'rest.some(others => others.has(each))',
  },
  {
    name: 'structures that differ in the order of axes share a plan',
    file: 'engine/executors/plan/structure.ts',
    find: 'for (const axis of form.permutation) key.push(axis);',
    replace: 'key.push(form.permutation.length);',
  },
  {
    name: 'a stage of a long sum reads past its end',
    file: 'engine/executors/plan/kernel-body.ts',
    find: 'expressions.ragged(algebra.min(expressions.number(chunk), left))',
    replace: 'expressions.ragged(expressions.number(chunk))',
  },
  {
    name: 'the last stretch of a row is lost on the GPU',
    file: 'engine/executors/plan/kernel-body.ts',
    find: 'expressions.number(stretchLength - 1)',
    replace: 'expressions.number(0)',
  },
  {
    name: 'what lies outside a part is read from its edge on the GPU',
    file: 'engine/executors/plan/kernel-body.ts',
    find: 'algebra.select(isOutside, outside, value)',
    replace: 'algebra.select(isOutside, value, value)',
  },
  {
    name: 'a packed array is read from its beginning',
    file: 'engine/executors/gpu/print.ts',
    find: 'place && place.offset > 0',
    replace: 'place && place.offset > 1e9',
  },
  {
    name: 'rows of an index begin one entry late',
    file: 'engine/executors/gpu/inputs.ts',
    find: 'target[order + place] = entry;',
    replace: 'target[order + place] = entry + 1;',
  },
  {
    name: 'a GPU kernel is computed again for each of its readers',
    file: 'engine/executors/plan/stored.ts',
    find: 'own.times > 1 && isDear',
    replace: 'own.times > 1e9 && isDear',
  },
  {
    name: 'an evicted pipeline stays compiled',
    file: 'engine/executors/gpu/executing.ts',
    find: 'this.#programs.size <= this.#limit',
    replace: 'this.#programs.size <= this.#limit + 1',
  },
  {
    name: 'a lost device ends the combination though another executor is there',
    file: 'combine/switching.ts',
    find: '!(error instanceof DeviceLostError)',
    replace: 'error instanceof DeviceLostError',
  },
  {
    name: 'lanes beyond the end of a row are added up too',
    file: 'engine/executors/wasm/loop.ts',
    find: 'if (!mask) return value;',
    replace: 'if (!mask || !this.#mask) return value;',
  },
  {
    name: 'a product of many terms keeps the last block alone',
    file: 'engine/executors/wasm/products.ts',
    find: 'isMore: Number(i > 0),',
    replace: 'isMore: 0,',
  },
  {
    name: 'blocks of a transposed operand are packed from where they would lie if it were not',
    file: 'engine/executors/wasm/products.ts',
    find: 'b + (transposeB ? 4 * l : l * ldb)',
    replace: 'b + l * ldb',
  },
  {
    name: 'a step reads rows of its band before all are there',
    file: 'engine/executors/wasm/bands.ts',
    find: '(before.ownWrites.has(buffer) && after.ownReads.has(buffer))',
    replace: 'before.ownWrites.has(buffer)',
  },
  {
    name: 'each band is written where the first one lies',
    file: 'engine/executors/wasm/machine.ts',
    find: 'ints[entry] = at - from * rowBytes;',
    replace: 'ints[entry] = at;',
  },
  {
    name: 'parameters of another call are taken for those that are there',
    file: 'engine/executors/wasm/wasm.ts',
    find: ' && kept.shared === shared',
    replace: '',
  },
  {
    name: 'a parameter of the scorer’s own is taken for that of the pose before',
    file: 'engine/executors/wasm/machine.ts',
    find: 'if (before?.shared.has(tensor)) {',
    replace: 'if (before) {',
  },
  {
    name: 'log1p rounds 1 + x where x is small',
    file: 'engine/executors/wasm/maths/logarithms.ts',
    find: 'target.select(isNear, x, whole)',
    replace: 'whole',
  },
  {
    name: 'a number of seven bits is encoded without its sign',
    file: 'engine/executors/wasm/emit/assembler.ts',
    find: 'rest >> 6 === 0',
    replace: 'rest >> 7 === 0',
  },
  {
    name: 'a sum over many rows is rounded at each',
    file: 'engine/executors/wasm/binding.ts',
    find: 'Math.min(1020, Math.max(36,',
    replace: 'Math.min(2 ** 24, Math.max(2 ** 24,',
  },
];
