import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';

/** Receptor and poses of a command. */
export interface GivenPoses {
  readonly receptor: string;
  /** Files, folders and patterns. */
  readonly poses: readonly string[];
}

/**
 * Receptor and poses as they were given, or those of the example where neither was.
 *
 * @throws CommanderError, with a message written, where only one of them was
 */
export function posesOf(
  command: Command,
  receptor: string | undefined,
  poses: readonly string[],
): GivenPoses {
  if (receptor === undefined && poses.length > 0) {
    command.error("error: option '--receptor <file>' is needed for poses of your own");
  }
  if (receptor !== undefined && poses.length === 0) {
    command.error("error: poses are needed for a receptor of your own, such as 'docked.pdbqt'");
  }
  const folder = 'vina/data/imatinib-abl';
  return {
    receptor: receptor ?? examplePath(`${folder}/pocket.pdbqt`),
    poses: poses.length > 0 ? poses : [examplePath(`${folder}/poses.pdbqt`)],
  };
}

/** A file or folder of the examples, as the user would name it from where they are. */
export function examplePath(path: string): string {
  return relative('', fileURLToPath(new URL(`../../examples/${path}`, import.meta.url)));
}
