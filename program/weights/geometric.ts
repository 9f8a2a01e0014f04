import { type Tensor, tensor } from 'posetape';
import type { Weights } from '../../examples/networks/layers.ts';
import type { Settings } from '../schnet/model.ts';
import { checkedSettings } from './settings.ts';

/*
 * Names of the tensors in a state_dict of torch_geometric.nn.SchNet (left) and in posetape (right). A weight of
 * `torch.nn.Linear` has the shape [outputs, inputs]; in posetape it has the shape [inputs, outputs].
 *
 *     embedding.weight                      embedding    (100 rows, not transposed)
 *     interactions.k.mlp.0, .mlp.2          interactionk.filter1, .filter2    (also as conv.nn.0, conv.nn.2)
 *     interactions.k.conv.lin1, .lin2       interactionk.atomwise1 (no bias), .atomwise2
 *     interactions.k.lin                    interactionk.atomwise3
 *     lin1, lin2                            readout1, readout2
 *     distance_expansion.offset             no tensor: centres of the Gaussians, evenly spaced from 0 to the cutoff
 */

/** Tensors by name. */
type Tensors = Readonly<Record<string, Tensor>>;

/** Settings of a network that its state_dict does not contain. */
export interface GeometricOptions extends Pick<Settings, 'neighbours' | 'pocket' | 'delta'> {
  /** Factor of the output of each atom; by default 1. */
  readonly std?: number;
  /** Number added to the scaled output of each atom; by default 0. */
  readonly mean?: number;
}

/** True if tensors have the names of PyTorch Geometric's SchNet. */
export function isGeometricLayout(tensors: Tensors): boolean {
  return Object.hasOwn(tensors, 'embedding.weight') && Object.hasOwn(tensors, 'lin1.weight');
}

/**
 * Returns the settings and weights of a network from the state_dict of PyTorch Geometric's SchNet. `std` and `mean` become part
 * of the last layer. If `delta` is true, the energies of single atoms (`atomref`) cancel and are dropped.
 *
 * @param file name of the file, for messages
 * @throws Error that names the file and the tensor that is missing, misshapen, not finite or without counterpart here
 */
export function fromGeometric(
  tensors: Tensors,
  { std = 1, mean = 0, ...rest }: GeometricOptions,
  file: string,
): { readonly settings: Settings; readonly weights: Weights } {
  const fail = (what: string): never => {
    throw new Error(`${file}: ${what}`);
  };
  const unread = new Set(Object.keys(tensors));
  /** Returns a tensor, and counts it as read. The file may contain it under `name`, under `alias`, or under both. */
  const take = (name: string, shape?: readonly number[], alias?: string): Tensor => {
    const names = [name, ...(alias === undefined ? [] : [alias])].filter(each => unread.has(each));
    const [first, second] = names.map(each => tensors[each] as Tensor);
    if (!first) return fail(`expected a tensor ${name}, found none`);
    for (const each of names) unread.delete(each);
    if (shape && `${first.shape}` !== `${shape}`) {
      fail(`expected ${name} of shape [${shape}], found [${first.shape}]`);
    }
    if (second?.data.some((number, i) => number !== first.data[i])) {
      fail(`expected ${name} and ${alias} to be equal, as they are one layer`);
    }
    if (!first.data.every(Number.isFinite)) fail(`${name} has entries that are not finite`);
    return first;
  };
  if (unread.has('atomic_mass')) fail('the network predicts dipoles (dipole=True), not energies');
  if (unread.delete('atomref.weight') && !rest.delta) {
    fail(
      'the network has energies of single atoms (atomref), which cancel only in differences; omit --no-delta',
    );
  }
  unread.delete('initial_atomref');

  const embedding = take('embedding.weight');
  const [rows, hidden = 0] = embedding.shape;
  if (rows !== 100) fail(`expected embedding.weight to have 100 rows, found ${rows}`);
  const centres = take('distance_expansion.offset');
  const gaussians = centres.data.length;
  const cutoff = centres.data.at(-1) ?? 0;
  // The tolerance allows for the rounding of float32.
  const areEvenlySpaced = centres.data.every(
    (centre, k) => Math.abs(centre - (k * cutoff) / (gaussians - 1)) < 1e-4 * cutoff,
  );
  if (!areEvenlySpaced) fail('expected distance_expansion.offset to be evenly spaced from 0 to the cutoff');
  const interactions = new Set([...unread].flatMap(name => /^interactions\.(\d+)\./.exec(name)?.[1] ?? []))
    .size;
  const settings = checkedSettings(
    { ...rest, hidden, gaussians, interactions, cutoff: rounded(cutoff) },
    file,
  );

  const filters = tensors['interactions.0.conv.lin1.weight']?.shape[0];
  if (filters !== undefined && filters !== hidden) {
    fail(`the network has ${filters} filters for ${hidden} features; here both numbers must be equal`);
  }
  const weights: Record<string, Tensor<Float64Array>> = { embedding: float64(embedding) };
  const takeLayer = (
    to: string,
    from: string,
    outputs: number,
    inputs: number,
    { alias, bias = true }: { readonly alias?: string; readonly bias?: boolean } = {},
  ) => {
    const aliasOf = (part: string) => (alias === undefined ? undefined : `${alias}.${part}`);
    weights[`${to}.weight`] = transposed(take(`${from}.weight`, [outputs, inputs], aliasOf('weight')));
    if (bias) {
      const { data } = take(`${from}.bias`, [outputs], aliasOf('bias'));
      weights[`${to}.bias`] = tensor(Float64Array.from(data), [1, outputs]);
    }
  };
  for (let k = 0; k < interactions; k++) {
    const [to, from] = [`interaction${k}`, `interactions.${k}`];
    takeLayer(`${to}.filter1`, `${from}.mlp.0`, hidden, gaussians, { alias: `${from}.conv.nn.0` });
    takeLayer(`${to}.filter2`, `${from}.mlp.2`, hidden, hidden, { alias: `${from}.conv.nn.2` });
    takeLayer(`${to}.atomwise1`, `${from}.conv.lin1`, hidden, hidden, { bias: false });
    takeLayer(`${to}.atomwise2`, `${from}.conv.lin2`, hidden, hidden);
    takeLayer(`${to}.atomwise3`, `${from}.lin`, hidden, hidden);
  }
  takeLayer('readout1', 'lin1', hidden / 2, hidden);
  takeLayer('readout2', 'lin2', 1, hidden / 2);
  const [unknown] = unread;
  if (unknown !== undefined)
    fail(`tensor ${JSON.stringify(unknown)} has no counterpart in a SchNet of posetape`);
  const { 'readout2.weight': last, 'readout2.bias': bias } = weights as Record<string, Tensor<Float64Array>>;
  for (const [i, number] of (last?.data ?? []).entries()) (last as Tensor).data[i] = std * number;
  for (const [i, number] of (bias?.data ?? []).entries()) (bias as Tensor).data[i] = std * number + mean;
  return { settings, weights };
}

/** Returns a network as the state_dict of PyTorch Geometric's SchNet, in float32. */
export function toGeometric(weights: Weights, { gaussians, interactions, cutoff }: Settings): Tensors {
  const layerTensors = (from: string, to: string): [string, Tensor][] => {
    const [weight, bias] = [weights[`${from}.weight`] as Tensor, weights[`${from}.bias`]];
    return [
      [`${to}.weight`, float32(transposed(weight))],
      ...(bias ? [[`${to}.bias`, float32({ ...bias, shape: [bias.data.length] })] as [string, Tensor]] : []),
    ];
  };
  const block = (k: number) => {
    const [from, to] = [`interaction${k}`, `interactions.${k}`];
    return [
      ...layerTensors(`${from}.filter1`, `${to}.mlp.0`),
      ...layerTensors(`${from}.filter2`, `${to}.mlp.2`),
      ...layerTensors(`${from}.filter1`, `${to}.conv.nn.0`),
      ...layerTensors(`${from}.filter2`, `${to}.conv.nn.2`),
      ...layerTensors(`${from}.atomwise1`, `${to}.conv.lin1`),
      ...layerTensors(`${from}.atomwise2`, `${to}.conv.lin2`),
      ...layerTensors(`${from}.atomwise3`, `${to}.lin`),
    ];
  };
  const centres = Float32Array.from({ length: gaussians }, (_, k) => (k * cutoff) / (gaussians - 1));
  return Object.fromEntries([
    ['embedding.weight', float32(weights.embedding as Tensor)],
    ['distance_expansion.offset', tensor(centres, [gaussians])],
    ...Array.from({ length: interactions }, (_, k) => block(k)).flat(),
    ...layerTensors('readout1', 'lin1'),
    ...layerTensors('readout2', 'lin2'),
  ]);
}

/** Rounds a float32 number to the decimals that it was written with, such as 0.1. */
function rounded(number: number): number {
  return Number(number.toPrecision(7));
}

function float64({ data, shape }: Tensor): Tensor<Float64Array> {
  return tensor(Float64Array.from(data), shape);
}

function float32({ data, shape }: Tensor): Tensor<Float32Array> {
  return tensor(Float32Array.from(data), shape);
}

/** Returns the transpose of a matrix, in float64. */
function transposed({ data, shape: [rows = 0, columns = 0] }: Tensor): Tensor<Float64Array> {
  const numbers = new Float64Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      numbers[column * rows + row] = data[row * columns + column] as number;
    }
  }
  return tensor(numbers, [columns, rows]);
}
