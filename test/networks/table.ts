import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Tensor } from 'posetape';
import { type Atoms, atomsOf } from '../../examples/networks/pose.ts';
import { names, type Shipped, type SubjectName, shippedPoses, sizes, subjects } from './cases.ts';

/** Input of reference.py. */
export interface Case {
  readonly network: SubjectName;
  readonly sizes: (typeof sizes)[SubjectName];
  readonly weights: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly pose: {
    readonly ligand: ListedAtoms;
    readonly pocket: ListedAtoms;
    readonly neighbours: number;
    readonly cutoff: number;
    readonly delta: boolean;
  };
}

/** Answer of reference.py. */
export interface Answer {
  readonly energy: number;
  /** Gradient by the ligand's coordinates: three numbers for each atom. */
  readonly slope: readonly (readonly number[])[];
  readonly weights: Readonly<Record<string, Digest>>;
}

/** Summary of a long gradient: its norm, its inner product with cos 1, cos 2, cos 3, …, and its first three entries. */
export interface Digest {
  readonly norm: number;
  readonly along: number;
  readonly first: readonly number[];
}

export type Entry = Case & { readonly answer: Answer };

interface ListedAtoms {
  readonly elements: readonly number[];
  readonly coordinates: readonly (readonly number[])[];
}

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export const tableFile: string = path('table.jsonl');

export function readTable(): Entry[] {
  const lines = readFileSync(tableFile, 'utf8').trimEnd().split('\n');
  return lines.map(line => JSON.parse(line) as Entry);
}

/** Cases of each network on each shipped pose. */
export function cases(): Case[] {
  return names.flatMap(network =>
    shippedPoses().map(
      ({ ligand, pocket, settings }): Case => ({
        network,
        sizes: sizes[network],
        weights: Object.fromEntries(
          Object.entries(subjects[network].weights).map(([name, weight]) => [name, rowsOf(weight)]),
        ),
        pose: { ligand: listed(ligand), pocket: listed(pocket), ...settings },
      }),
    ),
  );
}

/** Returns the answers of PyTorch to these cases. */
export function askPyTorch(cases: readonly Case[], python: string): Answer[] {
  const input = JSON.stringify(cases);
  const output = execFileSync(python, [path('reference.py')], {
    input,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  return JSON.parse(output) as Answer[];
}

/** Pose of a case. */
export function shippedOf({ pose: { ligand, pocket, ...settings } }: Case): Shipped {
  const atoms = ({ elements, coordinates }: ListedAtoms) => atomsOf(elements, coordinates.flat());
  return { ligand: atoms(ligand), pocket: atoms(pocket), settings };
}

export function digestOf({ data }: Tensor): Digest {
  return {
    norm: Math.hypot(...data),
    along: Float64Array.from(data).reduce((sum, slope, i) => sum + slope * Math.cos(i + 1), 0),
    first: [...data.slice(0, 3)],
  };
}

function listed({ elements, coordinates }: Atoms): ListedAtoms {
  return { elements: [...elements], coordinates: rowsOf(coordinates) };
}

function rowsOf({ data, shape: [rows = 0, columns = 0] }: Tensor): number[][] {
  return Array.from({ length: rows }, (_, r) => [...data.slice(r * columns, (r + 1) * columns)]);
}
