import { writeSafetensors } from 'posetape/fit';
import { exitCodes } from '../command/errors.ts';
import type { Context } from '../command/subcommand.ts';
import { checkWritable, writeAtomically } from '../files/atomic.ts';
import type { Settings } from '../schnet/model.ts';
import { fromGeometric, isGeometricLayout, toGeometric } from '../weights/geometric.ts';
import { bytesOf, readModel } from '../weights/read.ts';
import { fileOf, modelToSafetensors } from '../weights/safetensors.ts';
import type { ConvertOptions } from './options.ts';

/** Converts a SchNet from the layout of PyTorch Geometric, or to it. */
export async function runConvert(options: ConvertOptions, { write }: Context): Promise<number> {
  const { file, out } = options;
  await checkWritable(out);
  const { tensors } = fileOf(await bytesOf(file), file);
  if (isGeometricLayout(tensors)) {
    const { settings, weights } = fromGeometric(tensors, options, file);
    await writeAtomically(out, modelToSafetensors({ scorer: 'schnet', settings, weights }));
    await write(`${out}: ${sizesOf(settings)}, from torch_geometric.nn.SchNet\n`);
    return exitCodes.done;
  }
  const { weights, settings, offset } = await readModel(file, 'schnet');
  if (offset) throw new Error(`${file}: it has an offset, for which torch_geometric.nn.SchNet has no place`);
  const own = settings as Settings;
  await writeAtomically(out, writeSafetensors(toGeometric(weights, own)));
  await write(`${out}: ${sizesOf(own)}, for torch_geometric.nn.SchNet\n`);
  return exitCodes.done;
}

function sizesOf({ hidden, gaussians, interactions, cutoff }: Settings): string {
  return `${hidden} features, ${gaussians} Gaussians, ${interactions} interactions, cutoff ${cutoff} Å`;
}
