import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';

/** Receptor and poses that a command reads. */
export interface GivenPoses {
  /** File of the receptor. */
  readonly receptor: string;
  /** Files, folders and patterns of poses. */
  readonly poses: readonly string[];
}

/**
 * Returns the receptor and poses that the user gave, or those of the example if the user gave neither.
 *
 * @throws CommanderError, after its message is written, if the user gave only one of them
 */
export function givenPosesOf(
  command: Command,
  receptor: string | undefined,
  poses: readonly string[],
): GivenPoses {
  if (receptor === undefined && poses.length > 0) {
    command.error("error: option '--receptor <file>' is needed with poses");
  }
  if (receptor !== undefined && poses.length === 0) {
    command.error("error: poses are needed with --receptor, such as 'docked.pdbqt'");
  }
  const folder = 'vina/data/imatinib-abl';
  return {
    receptor: receptor ?? examplePath(`${folder}/pocket.pdbqt`),
    poses: poses.length > 0 ? poses : [examplePath(`${folder}/poses.pdbqt`)],
  };
}

/** Returns the path of a file or folder in `examples`, relative to the working directory. */
export function examplePath(path: string): string {
  return relative('', fileURLToPath(new URL(`../../examples/${path}`, import.meta.url)));
}
