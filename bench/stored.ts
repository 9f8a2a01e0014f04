import { evaluate, gradient, interpreter, Memory, Tape, type Tensor, tensor } from 'posetape';
import type { CombineOptions, Params } from 'posetape/combine';

/** Result of {@link stored}: the part of a `CombineResult` that the benchmark uses. */
export interface StoredResult {
  readonly value: number;
  readonly gradient: Readonly<Record<string, Tensor>>;
  readonly stats: { readonly peakBytes: number; readonly predictionBytes: number };
}

/**
 * The strategy that posetape's own replaces: one tape at a time, but every pose's gradient is kept until all predictions
 * are known, and only then weighted and summed. The answer is the same; the memory grows by |θ| with every pose.
 */
export async function stored<Pose, P extends Params>({
  poses,
  params,
  score,
  combination,
  executor = interpreter(),
}: CombineOptions<Pose, P>): Promise<StoredResult> {
  if (typeof combination === 'function' || !combination.combine)
    throw new TypeError('stored: give mean(), lse() or boltzmann()');
  const memory = new Memory();
  const names = Object.keys(params);
  const predictions: number[] = [];
  const gradients: Tensor[][] = [];
  for await (const pose of poses) {
    const tape = new Tape();
    const values = names.map(name => tape.parameter(params[name] as Tensor, name));
    const y = score(tape, Object.fromEntries(names.map((name, k) => [name, values[k]])) as never, pose);
    const [prediction, ...slopes] = await executor.run([y, ...gradient(y, values)], { memory });
    memory.take(slopes.reduce((bytes, { data }) => bytes + data.byteLength, 0));
    predictions.push(prediction?.data[0] as number);
    gradients.push(slopes);
  }

  const tape = new Tape();
  const all = tape.parameter(tensor(predictions));
  const combined = combination.combine(all);
  const [value, coefficients] = evaluate([combined, ...gradient(combined, [all])]);
  const sums = names.map((name, k) => {
    const { data, shape } = params[name] as Tensor;
    const sum = new Float64Array(data.length);
    memory.take(sum.byteLength);
    gradients.forEach((slopes, n) => {
      const slope = (slopes[k] as Tensor).data;
      const c = coefficients?.data[n] as number;
      for (let i = 0; i < sum.length; i++) (sum[i] as number) += c * (slope[i] as number);
    });
    return [name, { data: sum, shape }] as const;
  });
  return {
    value: value.data[0] as number,
    gradient: Object.fromEntries(sums),
    stats: { peakBytes: memory.peak, predictionBytes: 8 * predictions.length },
  };
}
