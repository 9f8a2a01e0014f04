import type { Command } from 'commander';
import { count, finite, notZero, positive } from '../command/numbers.ts';

/** Options of `convert`. */
export interface ConvertOptions {
  readonly file: string;
  readonly out: string;
  /** Settings of a network from PyTorch Geometric, which its file does not contain. */
  readonly neighbours: number;
  readonly pocket: number;
  readonly delta: boolean;
  readonly std: number;
  readonly mean: number;
}

/** Adds the description, options and examples of `convert`. */
export function declareConvert(command: Command): void {
  command
    .description('Makes a SchNet of the state_dict of torch_geometric.nn.SchNet, or that of a SchNet.')
    .argument('<file>', 'safetensors of either; the other is written')
    .requiredOption('--out <file>', 'file of the other')
    .option('--neighbours <number>', 'most neighbours of an atom (max_num_neighbors)', count, 32)
    .option('--pocket <distance>', 'receptor atoms this near to the ligand count, Å', positive, 6)
    .option('--no-delta', 'do not subtract the energies of the pocket and of the ligand alone')
    .option('--std <factor>', 'attribute std of the network', notZero, 1)
    .option('--mean <energy>', 'attribute mean of the network', finite, 0)
    .addHelpText(
      'after',
      `
In Python, \`safetensors.torch.save_model(net, 'net.safetensors')\` writes a network,
and \`load_model\` reads it. What differs: of more than --neighbours within the
cutoff the nearest count, not any; filters are as many as features; no dipole;
atomref only where it cancels, which is without --no-delta; std and mean become
part of the last layer.

Examples:
  npm start -- convert net.safetensors --out model.safetensors
  npm start -- score docked.sdf --receptor protein.pdb --scorer schnet --weights model.safetensors
  npm start -- convert model.safetensors --out net.safetensors`,
    );
}

/** Options of `convert` as they were given. */
export function convertOptions(command: Command): ConvertOptions {
  const given = command.opts<Omit<ConvertOptions, 'file'>>();
  return { ...given, file: command.processedArgs[0] as string };
}
