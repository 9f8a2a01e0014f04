import { writeSafetensors } from 'posetape/fit';
import { exitCodes } from '../command/errors.ts';
import type { Context } from '../command/subcommand.ts';
import { checkWritable, writeAtomically } from '../files/atomic.ts';
import { checkReplacesNoInput } from '../files/inputs.ts';
import type { Settings } from '../schnet/model.ts';
import { fromGeometric, isGeometricLayout, toGeometric } from '../weights/geometric.ts';
import { bytesOf } from '../weights/read.ts';
import { modelFromSafetensors, modelToSafetensors, readTensors } from '../weights/safetensors.ts';
import type { ConvertOptions } from './options.ts';

/** Converts a SchNet from the layout of PyTorch Geometric to that of posetape, or back. */
export async function runConvert(options: ConvertOptions, { write }: Context): Promise<number> {
  const { file, out } = options;
  await checkReplacesNoInput([out], [file]);
  await checkWritable(out);
  const bytes = await bytesOf(file);
  const { tensors } = readTensors(bytes, file);
  if (isGeometricLayout(tensors)) {
    const { settings, weights } = fromGeometric(tensors, options, file);
    await writeAtomically(out, modelToSafetensors({ scorer: 'schnet', settings, weights }));
    await write(`${out}: ${sizesOf(settings)}, from torch_geometric.nn.SchNet\n`);
    return exitCodes.done;
  }
  const { scorer, weights, settings, offset } = modelFromSafetensors(bytes, file);
  if (!settings) throw new Error(`${file}: expected a SchNet, found a model of ${scorer}`);
  if (offset) {
    throw new Error(
      `${file}: the model has an offset, which torch_geometric.nn.SchNet cannot store; fit it without --learn offset`,
    );
  }
  await writeAtomically(out, writeSafetensors(toGeometric(weights, settings)));
  await write(`${out}: ${sizesOf(settings)}, for torch_geometric.nn.SchNet\n`);
  return exitCodes.done;
}

/** Describes the sizes of a network in one line. */
function sizesOf({ hidden, gaussians, interactions, cutoff }: Settings): string {
  return `${hidden} features, ${gaussians} Gaussians, ${interactions} interactions, cutoff ${cutoff} Å`;
}
