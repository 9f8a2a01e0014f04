import { type Tensor, tensor } from 'posetape';

/** Parameters that lie in one array after the other, as tensors by name. */
export function paramsOf({
  params,
  shapes,
}: {
  readonly params: Float32Array;
  readonly shapes: readonly (readonly [name: string, rows: number, columns: number])[];
}): Record<string, Tensor<Float32Array>> {
  let at = 0;
  const tensors = shapes.map(([name, rows, columns]) => {
    const from = at;
    at += rows * columns;
    return [name, tensor(params.slice(from, at), [rows, columns])] as const;
  });
  if (at !== params.length) throw new Error(`${params.length} parameters, expected ${at}`);
  return Object.fromEntries(tensors);
}
