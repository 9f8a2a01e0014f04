import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { count, finite, notZero, positive } from '../command/numbers.ts';

/** Options of `convert`: two files, and settings of a network that a file from PyTorch Geometric lacks. */
export interface ConvertOptions {
  /** Safetensors file to read. */
  readonly file: string;
  /** Safetensors file to write. */
  readonly out: string;
  /** Maximum number of neighbours of an atom. */
  readonly neighbours: number;
  /** Radius around the ligand within which receptor atoms are used, Å. */
  readonly pocket: number;
  /** True if the energies of the pocket and of the ligand alone are subtracted. */
  readonly delta: boolean;
  /** Factor of the output of each atom; not 0. */
  readonly std: number;
  /** Number added to the scaled output of each atom. */
  readonly mean: number;
}

/** Adds the description, options and examples of `convert`. */
export function declareConvert(command: Command): void {
  command
    .description('Converts a SchNet from the format of PyTorch Geometric to that of posetape, or back.')
    .argument('<file>', 'safetensors file in either format; the output has the other format')
    .option('--out <file>', 'file to write (required)')
    .optionsGroup('Settings that a file from PyTorch Geometric does not contain:')
    .option('--neighbours <number>', 'maximum number of neighbours of an atom (max_num_neighbors)', count, 32)
    .option('--pocket <distance>', 'use receptor atoms within this distance of the ligand, Å', positive, 6)
    .option('--no-delta', 'do not subtract the energies of the pocket and of the ligand alone')
    .option('--std <factor>', 'factor of the output of each atom (attribute std)', notZero, 1)
    .option('--mean <energy>', 'number added to the scaled output of each atom (attribute mean)', finite, 0)
    .optionsGroup('Options:')
    .addHelpText(
      'after',
      `
A file from PyTorch Geometric is the state_dict of a torch_geometric.nn.SchNet:
in Python, \`safetensors.torch.save_model(net, 'net.safetensors')\` writes it, and
\`load_model\` reads it.

The networks differ. If more than --neighbours atoms lie within the cutoff,
posetape uses the nearest, PyTorch Geometric any. posetape has as many filters
as features, and no dipole. A network with atomref cannot be converted with
--no-delta: the energies of single atoms (atomref) cancel only in differences.
std and mean become part of the last layer.

Examples:
  npm start -- convert net.safetensors --out model.safetensors
  npm start -- score docked.sdf --receptor protein.pdb --scorer schnet --weights model.safetensors
  npm start -- convert model.safetensors --out net.safetensors`,
    );
}

/**
 * Returns the options of `convert` as the user gave them.
 *
 * @throws CommanderError, after its message is written, if `--out` is missing; the message also names a missing input
 */
export function convertOptions(command: Command): ConvertOptions {
  const { out, ...options } = command.opts<
    Omit<ConvertOptions, 'file' | 'out'> & { readonly out?: string }
  >();
  const file = command.processedArgs[0] as string;
  if (out !== undefined) return { ...options, file, out };
  const missing = "option '--out <file>' is missing";
  return command.error(
    existsSync(file)
      ? `error: ${missing}`
      : `error: cannot read ${file}: no such file or directory; also, ${missing}`,
  );
}
