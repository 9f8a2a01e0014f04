import { type Tensor, tensor } from 'posetape';
import type { Weights } from '../../examples/networks/layers.ts';
import type { Settings } from '../schnet/model.ts';
import { checkedSettings } from './settings.ts';

/*
 * Layout of torch_geometric.nn.SchNet, as its state_dict names it. `torch.nn.Linear` keeps outputs × inputs, and we keep
 * inputs × outputs:
 *
 *     embedding.weight                      embedding
 *     interactions.k.mlp.0, .mlp.2          interactionk.filter1, .filter2    (also as conv.nn.0, conv.nn.2)
 *     interactions.k.conv.lin1, .lin2       interactionk.atomwise1 (no bias), .atomwise2
 *     interactions.k.lin                    interactionk.atomwise3
 *     lin1, lin2                            readout1, readout2
 *     distance_expansion.offset             centers of the Gaussians, from 0 to the cutoff
 */

type Tensors = Readonly<Record<string, Tensor>>;

/** Settings that a state_dict does not have. */
export interface GeometricOptions extends Pick<Settings, 'neighbours' | 'pocket' | 'delta'> {
  /** Factor of the output of each atom, and the number added after it: the attributes `std` and `mean`. */
  readonly std?: number;
  readonly mean?: number;
}

/** Tells whether tensors have the names of PyTorch Geometric's SchNet. */
export function isGeometricLayout(tensors: Tensors): boolean {
  return Object.hasOwn(tensors, 'embedding.weight') && Object.hasOwn(tensors, 'lin1.weight');
}

/**
 * Makes a network from the state_dict of PyTorch Geometric's SchNet. `std` and `mean` become part of the last
 * layer. The energies of single atoms, `atomref`, cancel in differences and so are left out if `delta` is
 * true.
 *
 * @throws Error naming the file, and the tensor or the part of the architecture that has no counterpart here
 */
export function fromGeometric(
  tensors: Tensors,
  { std = 1, mean = 0, ...rest }: GeometricOptions,
  file: string,
): { readonly settings: Settings; readonly weights: Weights } {
  const fail = (what: string): never => {
    throw new Error(`${file}: ${what}`);
  };
  const left = new Set(Object.keys(tensors));
  const take = (name: string, shape?: readonly number[], other?: string): Tensor => {
    const names = [name, ...(other === undefined ? [] : [other])].filter(each => left.has(each));
    const [found, again] = names.map(each => tensors[each] as Tensor);
    if (!found) return fail(`expected a tensor ${name}, found none`);
    for (const each of names) left.delete(each);
    if (shape && `${found.shape}` !== `${shape}`) {
      fail(`expected ${name} of shape [${shape}], found [${found.shape}]`);
    }
    if (again?.data.some((each, i) => each !== found.data[i])) fail(`${name} and ${other} are not the same`);
    if (!found.data.every(Number.isFinite)) fail(`${name} has entries that are not finite`);
    return found;
  };
  if (left.has('atomic_mass')) fail('a network with dipole=True predicts no energy');
  if (left.delete('atomref.weight') && !rest.delta) {
    fail('it has energies of single atoms (atomref), which cancel only in differences; leave --no-delta out');
  }
  left.delete('initial_atomref');

  const embedding = take('embedding.weight');
  const [rows, hidden = 0] = embedding.shape;
  if (rows !== 100) fail(`expected embedding.weight to have 100 rows, found ${rows}`);
  const centers = take('distance_expansion.offset');
  const gaussians = centers.data.length;
  const cutoff = centers.data.at(-1) ?? 0;
  const isEven = centers.data.every((at, k) => Math.abs(at - (k * cutoff) / (gaussians - 1)) < 1e-4 * cutoff);
  if (!isEven) fail('expected distance_expansion.offset to be spread evenly from 0 to the cutoff');
  const interactions = new Set([...left].flatMap(name => /^interactions\.(\d+)\./.exec(name)?.[1] ?? []))
    .size;
  const settings = checkedSettings(
    { ...rest, hidden, gaussians, interactions, cutoff: rounded(cutoff) },
    file,
  );

  const filters = tensors['interactions.0.conv.lin1.weight']?.shape[0];
  if (filters !== undefined && filters !== hidden) {
    fail(`it has ${filters} filters for ${hidden} features; here both are the same number`);
  }
  const weights: Record<string, Tensor<Float64Array>> = { embedding: float64(embedding) };
  const layer = (to: string, from: string, outputs: number, inputs: number, also?: string, bias = true) => {
    const other = (part: string) => (also === undefined ? undefined : `${also}.${part}`);
    weights[`${to}.weight`] = transposed(take(`${from}.weight`, [outputs, inputs], other('weight')));
    if (bias) {
      const { data } = take(`${from}.bias`, [outputs], other('bias'));
      weights[`${to}.bias`] = tensor(Float64Array.from(data), [1, outputs]);
    }
  };
  for (let k = 0; k < interactions; k++) {
    const [to, from] = [`interaction${k}`, `interactions.${k}`];
    layer(`${to}.filter1`, `${from}.mlp.0`, hidden, gaussians, `${from}.conv.nn.0`);
    layer(`${to}.filter2`, `${from}.mlp.2`, hidden, hidden, `${from}.conv.nn.2`);
    layer(`${to}.atomwise1`, `${from}.conv.lin1`, hidden, hidden, undefined, false);
    layer(`${to}.atomwise2`, `${from}.conv.lin2`, hidden, hidden);
    layer(`${to}.atomwise3`, `${from}.lin`, hidden, hidden);
  }
  layer('readout1', 'lin1', hidden / 2, hidden);
  layer('readout2', 'lin2', 1, hidden / 2);
  const [stranger] = left;
  if (stranger !== undefined) fail(`${JSON.stringify(stranger)} is no part of a SchNet as it is here`);
  const { 'readout2.weight': last, 'readout2.bias': bias } = weights as Record<string, Tensor<Float64Array>>;
  for (const [i, each] of (last?.data ?? []).entries()) (last as Tensor).data[i] = std * each;
  for (const [i, each] of (bias?.data ?? []).entries()) (bias as Tensor).data[i] = std * each + mean;
  return { settings, weights };
}

/** A network as the state_dict of PyTorch Geometric's SchNet, in float32. */
export function toGeometric(weights: Weights, { gaussians, interactions, cutoff }: Settings): Tensors {
  const layer = (from: string, to: string): [string, Tensor][] => {
    const [weight, bias] = [weights[`${from}.weight`] as Tensor, weights[`${from}.bias`]];
    return [
      [`${to}.weight`, float32(transposed(weight))],
      ...(bias ? [[`${to}.bias`, float32({ ...bias, shape: [bias.data.length] })] as [string, Tensor]] : []),
    ];
  };
  const block = (k: number) => {
    const [from, to] = [`interaction${k}`, `interactions.${k}`];
    return [
      ...layer(`${from}.filter1`, `${to}.mlp.0`),
      ...layer(`${from}.filter2`, `${to}.mlp.2`),
      ...layer(`${from}.filter1`, `${to}.conv.nn.0`),
      ...layer(`${from}.filter2`, `${to}.conv.nn.2`),
      ...layer(`${from}.atomwise1`, `${to}.conv.lin1`),
      ...layer(`${from}.atomwise2`, `${to}.conv.lin2`),
      ...layer(`${from}.atomwise3`, `${to}.lin`),
    ];
  };
  const centers = Float32Array.from({ length: gaussians }, (_, k) => (k * cutoff) / (gaussians - 1));
  return Object.fromEntries([
    ['embedding.weight', float32(weights.embedding as Tensor)],
    ['distance_expansion.offset', tensor(centers, [gaussians])],
    ...Array.from({ length: interactions }, (_, k) => block(k)).flat(),
    ...layer('readout1', 'lin1'),
    ...layer('readout2', 'lin2'),
  ]);
}

/** A float32 number as it was written, such as 0.1. */
function rounded(number: number): number {
  return Number(number.toPrecision(7));
}

function float64({ data, shape }: Tensor): Tensor<Float64Array> {
  return tensor(Float64Array.from(data), shape);
}

function float32({ data, shape }: Tensor): Tensor<Float32Array> {
  return tensor(Float32Array.from(data), shape);
}

function transposed({ data, shape: [rows = 0, columns = 0] }: Tensor): Tensor<Float64Array> {
  const numbers = new Float64Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      numbers[column * rows + row] = data[row * columns + column] as number;
    }
  }
  return tensor(numbers, [columns, rows]);
}
